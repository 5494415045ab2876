"""One microphone to one file, with its clock on LSL and in a file of facts beside it.

Threads: the microphone's own, the writer, the caller. The queue between them is bounded;
a block that does not fit is dropped and counted. Nothing lost is filled up: where samples
are missing stands in the facts, with the number that must be missing.

The facts (``voice_001.audio.json``) are written every second, so that a kill leaves them:
sample ``k`` of the file was taken at ``first_sample_s + (k + missing before k) /
true_rate_hz`` on the LSL clock.
"""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emer_studio.core import clock
from emer_studio.core.files import write_json
from emer_studio.devices.microphone import Block, Microphone
from emer_studio.recording.audio_clock import AudioClock
from emer_studio.recording.audio_file import AudioWriter, facts_path
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id

__all__ = ["AUDIO_STREAM", "AudioJob"]

logger = logging.getLogger(__name__)
AUDIO_STREAM = "EMER_Microphone"
_QUEUE_BLOCKS = 500  # chosen by us: five seconds of 10 ms
_FACTS_EVERY_S = 1.0
_JUMP_S = 0.1  # chosen by us: no block is late by so much, so samples are missing
_SILENT_S = 1.0  # as for every stream
_GAPS_KEPT = 200
_CHANNELS = (
    Channel("sample_index", "SampleNumber", "count"),  # of the block's first, in the file
    Channel("samples", "Count", "count"),
    Channel("missing_before", "Dropped", "count"),
    Channel("level", "Level", "normalized"),  # root mean square of the block
)


class _Queued(NamedTuple):
    block: Block
    dropped_before: int  # samples that did not fit into the queue just before


class AudioJob:
    """Hear from construction on; write from `begin` to `end`.

    Parameters
    ----------
    microphone : Microphone
        An open microphone.
    path : Path
        The ``.mka`` to create.
    on_event : callable
        Called as ``on_event(name, **fields)`` for findings.
    source_id : str
        Of the LSL stream; a new one when empty.
    make_writer : callable
        Makes the writer; another one in tests.
    """

    def __init__(
        self,
        microphone: Microphone,
        path: Path,
        *,
        on_event: Callable[..., None],
        source_id: str = "",
        make_writer: Callable[..., AudioWriter] = AudioWriter,
    ) -> None:
        self._microphone, self._path, self._on_event = microphone, path, on_event
        facts = microphone.facts
        self._make_writer = make_writer
        self._writer: AudioWriter | None = None  # from `begin` on
        self.outlet = Outlet(_spec(microphone, path, source_id))
        self._clock = AudioClock(facts.rate_hz)
        self._queue: queue.Queue[_Queued | None] = queue.Queue(_QUEUE_BLOCKS)
        self._writing, self._failed = threading.Event(), threading.Event()
        self._heard_s = clock.now_s()
        self._reported = False
        self._dropped = self._dropped_now = self._overflows = self._missing = 0
        self._next_s: float | None = None  # when the next block should begin
        self._gaps: list[dict[str, float | int]] = []
        self._gap_count = 0
        self.level = 0.0
        self.problem = ""
        self._thread = threading.Thread(target=self._write_all, name="audio-writer")
        microphone.start(self._take)

    @property
    def failed(self) -> bool:
        """Whether nothing can be written any more; `problem` says why."""
        return self._failed.is_set()

    @property
    def samples(self) -> int:
        """Samples in the file, of each channel."""
        return self._writer.samples if self._writer is not None else 0

    def begin(self) -> None:
        """Begin to write."""
        self._thread.start()
        self._writing.set()

    def watch(self) -> None:
        """Look for silence of the device; call it now and then."""
        age_s = clock.now_s() - self._heard_s
        if age_s > _SILENT_S and not self._reported:
            self._reported = True
            self._on_event("finding", what=f"microphone: nothing heard for {age_s:.1f} s")
        elif age_s <= _SILENT_S and self._reported:
            self._reported = False
            self._on_event("finding", what="microphone is back")

    def end(self) -> dict[str, Any]:
        """Stop, finish the file, and return the facts."""
        self._microphone.close()
        if self._thread.ident is not None:
            self._queue.put(None)
            self._thread.join()
        self.outlet.close()
        return {**self.facts(complete=not self.problem), **self.status()}

    def status(self) -> dict[str, Any]:
        """Return the counts so far."""
        age_s = clock.now_s() - self._heard_s
        trouble = f"nothing heard for {age_s:.1f} s" if self._reported else ""
        return {
            "samples": self.samples,
            "level": round(self.level, 4),
            "overflows": self._overflows,
            "dropped_samples": self._dropped,
            "missing_samples": self._missing,
            "queue": self._queue.qsize(),
            "problem": self.problem or trouble,
        }

    def facts(self, *, complete: bool) -> dict[str, Any]:
        """Return what the file of facts says."""
        about, fit = self._microphone.facts, self._clock.fit()
        return {
            "format_version": 1,
            "audio": self._path.name,
            "complete": complete,
            "first_sample_s": fit.first_sample_s if fit else None,
            "true_rate_hz": fit.rate_hz if fit else None,
            "nominal_rate_hz": about.rate_hz,
            "fit_residual_ms": fit.residual_ms if fit else None,
            "time_source": self._microphone.time_source,
            "samples": self.samples,
            "overflows": self._overflows,
            "dropped_samples": self._dropped,
            "missing_samples": self._missing,
            "gap_count": self._gap_count,
            "gaps": self._gaps,
            "device": dataclasses.asdict(about),
        }

    # On the microphone's thread -----------------------------------------------------

    def _take(self, block: Block) -> None:
        self._heard_s = clock.now_s()
        if not self._writing.is_set():
            return
        try:
            self._queue.put_nowait(_Queued(block, self._dropped_now))
            self._dropped_now = 0
        except queue.Full:
            if not self._dropped:
                self._on_event("finding", what="microphone: the disk is too slow")
            self._dropped += len(block.samples)
            self._dropped_now += len(block.samples)

    # On the writer's thread ---------------------------------------------------------

    def _write_all(self) -> None:
        about, told_s = self._microphone.facts, 0.0
        try:
            self._writer = writer = self._make_writer(
                self._path, rate_hz=about.rate_hz, channels=about.channels
            )
            while (queued := self._queue.get()) is not None:
                self._write(writer, queued)
                if clock.now_s() - told_s >= _FACTS_EVERY_S:
                    told_s = clock.now_s()
                    write_json(facts_path(self._path), self.facts(complete=False))
            writer.close()
            write_json(facts_path(self._path), self.facts(complete=True))
        except Exception as problem:
            logger.exception("the sound cannot be written")
            self.problem = f"the sound cannot be written: {problem}"
            self._failed.set()
            self._on_event("error", text=f"microphone: {self.problem}")
            if self._writer is not None:
                self._writer.abandon()
            while self._queue.get() is not None:
                pass

    def _write(self, writer: AudioWriter, queued: _Queued) -> None:
        block, rate_hz = queued.block, self._microphone.facts.rate_hz
        missing = self._missing_before(queued)
        index = writer.samples
        self._clock.add(index + self._missing, block.t_s)
        writer.write(block.samples)
        self._next_s = block.t_s + len(block.samples) / rate_hz
        full = block.samples.astype(np.float64) / 32768.0
        self.level = float(np.sqrt(np.mean(full**2)))
        self.outlet.push([index, len(block.samples), missing, self.level], block.t_s)

    def _missing_before(self, queued: _Queued) -> int:
        """Count and note the samples that are missing before a block."""
        block, rate_hz = queued.block, self._microphone.facts.rate_hz
        self._overflows += block.overflow
        late_s = 0.0 if self._next_s is None else block.t_s - self._next_s
        late_s -= queued.dropped_before / rate_hz
        missing = queued.dropped_before
        if late_s > _JUMP_S or (block.overflow and late_s > 0):
            missing += round(late_s * rate_hz)
        if missing:
            self._missing += missing
            self._gap_count += 1
            if len(self._gaps) < _GAPS_KEPT:
                self._gaps.append(
                    {
                        "sample_index": self.samples,
                        "missing_samples": missing,
                        "t_s": block.t_s,
                    }
                )
        return missing


def _spec(microphone: Microphone, path: Path, source_id: str) -> OutletSpec:
    facts = microphone.facts
    return OutletSpec(
        name=AUDIO_STREAM,
        type="AudioBlocks",
        channels=_CHANNELS,
        channel_format="double64",
        nominal_hz=0.0,  # blocks come as the driver likes
        source_id=source_id or new_source_id("microphone"),
        manufacturer=facts.driver,
        simulated=facts.simulated,
        can_drop_samples=True,
        facts=(
            ("audio_file", path.name),
            ("device", facts.name),
            ("audio_rate_hz", str(facts.rate_hz)),
            ("audio_channels", str(facts.channels)),
        ),
    )
