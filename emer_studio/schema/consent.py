"""The consent form of a protocol: its text, and the scopes that are ticked one by one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field

from emer_studio.schema.base import LocalText, Model, localised

__all__ = [
    "DEFAULT_SCOPES",
    "VIDEO_SCOPE",
    "ConsentForm",
    "ConsentScope",
    "Shown",
    "check_scopes",
]

TAKE_PART, VIDEO_SCOPE = "take_part", "record_video"


class ConsentScope(Model):
    """One thing that a participant allows, or does not.

    Attributes
    ----------
    id : str
        How it is stored; take_part and record_video must be among the scopes, and needed.
    text : dict of str to str
        What the participant reads beside the box, by language.
    needed : bool
        Without it nobody can take part.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: Annotated[LocalText, Field(min_length=1)]
    needed: bool = False


# Chosen by us: the fewest that a lab has to ask for apart. A form is only valid with the
# text of the lab's own ethics board, which says the rest.
DEFAULT_SCOPES = (
    ConsentScope(
        id=TAKE_PART,
        needed=True,
        text={
            "en": "I take part in this study, of my own free will.",
            "zh": "我自愿参加本项研究。",
        },
    ),
    ConsentScope(
        id=VIDEO_SCOPE,
        needed=True,
        text={
            "en": "I am filmed, with sound if a microphone is on. Without face video, no"
            " session is possible yet.",
            "zh": "实验过程中会拍摄我的面部；如开启麦克风，也会录音。"
            "目前尚不支持不录像的实验。",
        },
    ),
    ConsentScope(
        id="publish",
        text={
            "en": "Pictures and video of me may be shown in publications and talks.",
            "zh": "我的照片和视频可以在学术论文和报告中展示。",
        },
    ),
    ConsentScope(
        id="share",
        text={
            "en": "My recordings may be passed on to other researchers, for research only.",
            "zh": "我的数据（含录像）可以提供给其他研究者，仅用于科学研究。",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A form in one language, as it stands on the page.

    Attributes
    ----------
    text : str
        The consent text, with the content warning below it.
    scopes : tuple of dict
        ``{"id", "text", "needed"}`` of each.
    """

    text: str
    scopes: tuple[dict[str, Any], ...]

    @property
    def sha256(self) -> str:
        """What was read, to the letter."""
        return _sha256(asdict(self))


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """What is asked, in every language of the protocol."""

    text: LocalText
    warning: LocalText
    scopes: tuple[ConsentScope, ...]

    @property
    def sha256(self) -> str:
        """The same as long as neither a text nor a scope has changed, in any language."""
        scopes = [scope.model_dump(mode="json") for scope in self.scopes]
        return _sha256({"text": self.text, "warning": self.warning, "scopes": scopes})

    def shown(self, language: str) -> Shown:
        """Return the form in a language."""
        parts = (localised(text, language) for text in (self.text, self.warning))
        return Shown(
            "\n\n".join(part.strip() for part in parts if part),
            tuple(
                {
                    "id": scope.id,
                    "text": localised(scope.text, language),
                    "needed": scope.needed,
                }
                for scope in self.scopes
            ),
        )


def check_scopes(scopes: tuple[ConsentScope, ...]) -> None:
    """Refuse scopes without which a session cannot be.

    Raises
    ------
    ValueError
        When two have one id, or taking part or the video is not among those needed.
    """
    ids = [scope.id for scope in scopes]
    if len(set(ids)) < len(ids):
        raise ValueError("two consent scopes have the same id")
    needed = {scope.id for scope in scopes if scope.needed}
    for name in (TAKE_PART, VIDEO_SCOPE):
        if name not in needed:
            raise ValueError(
                f"the consent scope {name!r} must be there and needed: a session always"
                " records the face"
            )


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
