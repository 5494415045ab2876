"""Consent before a session: asked on the participant's window, or known from before.

Nothing of a session exists yet. Whoever declines leaves the study as it was, but for one
line in ``consents.jsonl``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.process import Child
from emer_studio.schema.consent import ConsentForm
from emer_studio.session.prepare import Prepared
from emer_studio.session.presenter import WindowPresenter
from emer_studio.session.requests import Finish, PauseRequest, StopRequest
from emer_studio.study.consents import Consent, Consents
from emer_studio.study.slots import Slots

__all__ = ["Settled", "enter", "settle_consent"]

_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Settled:
    """How it came out.

    Attributes
    ----------
    how : {"on screen", "on paper", "before", "simulated"}
        Where consent was given; ``before``: in an earlier session, to the same form.
    consent : Consent or None
        What was agreed to on the screen, now or before.
    ended : {"", "declined", "aborted"}
        Why there will be no session; empty when it may begin.
    """

    how: str
    consent: Consent | None = None
    ended: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    """For the session's manifest and journal."""


def settle_consent(
    prepared: Prepared, window: Child, console: Console, stop: threading.Event
) -> Settled:
    """Ask for consent where it has to be asked.

    Parameters
    ----------
    prepared : Prepared
        The session that is to begin.
    window : Child
        The participant's window, ready.
    console : Console
        Where the operator hears of it.
    stop : Event
        The operator's wish to end.
    """
    simulate = prepared.devices.simulate
    form = prepared.protocol.consent_form
    if prepared.unfinished is not None:  # it was settled when the session began
        return Settled("before")
    if form is None:
        how = "simulated" if simulate else "on paper"
        return Settled(how, facts={"how": how})
    known = Consents(prepared.study.folder).of(prepared.participant)
    if known is not None and known.agreed and known.form_sha256 == form.sha256:
        return Settled("before", known, facts=_facts("before", known))
    console.event("state", state="consent", trial=None, of=len(prepared.plan), clip=None)
    console.say("the participant reads the consent form")
    with _interrupted_by(stop, window):
        return _asked(prepared, form, WindowPresenter(window, {}))


def enter(prepared: Prepared, settled: Settled) -> None:
    """Enter the participant, with a place in the counterbalancing and the consent."""
    study, simulate = prepared.study, prepared.devices.simulate
    paper = settled.consent is None and not simulate
    consent = "on paper" if paper else "simulated" if simulate else "on screen"
    study.add_participant(prepared.participant, simulated=simulate, consent=consent)
    Slots(study.folder).take(
        prepared.protocol.name, prepared.participant, simulated=simulate
    )
    if settled.how == "on screen" and settled.consent is not None:
        Consents(study.folder).add(settled.consent)


def _asked(prepared: Prepared, form: ConsentForm, presenter: WindowPresenter) -> Settled:
    shown = form.shown(prepared.devices.language)
    try:
        answer = _patiently(presenter, shown.text, shown.scopes)
    except StopRequest as request:
        if request.finish is not Finish.STOPPED:
            return Settled("", ended="aborted")
        answer = {"agreed": False, "given": []}
    given = tuple(s["id"] for s in shown.scopes if s["id"] in answer["given"])
    known = prepared.participant in {
        row.participant for row in prepared.study.participants()
    }
    consent = Consent(
        participant=prepared.participant if answer["agreed"] or known else "",
        utc=utc_now(),
        agreed=bool(answer["agreed"]),
        given=given,
        refused=tuple(s["id"] for s in shown.scopes if s["id"] not in given),
        protocol=prepared.protocol_path.relative_to(prepared.study.folder).as_posix(),
        language=prepared.devices.language,
        form_sha256=form.sha256,
        text_sha256=shown.sha256,
        simulated=prepared.devices.simulate,
    )
    if consent.agreed:
        return Settled("on screen", consent, facts=_facts("on screen", consent))
    Consents(prepared.study.folder).add(consent)
    presenter.thank()
    return Settled("", ended="declined")


def _patiently(presenter: WindowPresenter, text: str, scopes: Any) -> dict[str, Any]:
    """Ask again after every pause; nothing is ticked then."""
    while True:
        try:
            return presenter.consent(text, scopes)
        except PauseRequest:
            presenter.wait_out()


def _facts(how: str, consent: Consent) -> dict[str, Any]:
    return {
        "how": how,
        "given": list(consent.given),
        "refused": list(consent.refused),
        "given_utc": consent.utc,
        "language": consent.language,
        "form_sha256": consent.form_sha256,
        "text_sha256": consent.text_sha256,
    }


@contextlib.contextmanager
def _interrupted_by(stop: threading.Event, window: Child) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_S):
            if stop.is_set():
                window.interrupt(finish=str(Finish.ABORTED))
                return

    watcher = threading.Thread(target=watch, name="stop-request")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
