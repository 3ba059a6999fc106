"""What fits into two parts of an SMS: number and title always, the link whole and last (A19); no provider itself."""

from __future__ import annotations

from core.text import one_line
from notifications.kinds import Message

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = set("^{}\\[~]|€")  # each takes two places
TWO_PARTS_GSM, TWO_PARTS_WIDE = 2 * 153, 2 * 67
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "→": "->", "•": "-", " ": " ", "`": "'"}
)


def is_gsm(text: str) -> bool:
    """Whether the carrier's seven-bit alphabet holds every character."""
    return all(c in GSM or c in GSM_TWICE for c in text)


def size(text: str) -> int:
    """Places that the text takes in its alphabet."""
    if is_gsm(text):
        return sum(2 if c in GSM_TWICE else 1 for c in text)
    return len(text.encode("utf-16-le", "replace")) // 2


def parts(text: str) -> int:
    """How many parts a carrier makes of it."""
    gsm, places = is_gsm(text), size(text)
    single, each = (160, 153) if gsm else (70, 67)
    return 1 if places <= single else -(-places // each)


def compose(message: Message) -> str:
    """The text of at most two parts: priority, number, title, what is asked, the answer's keys, the link."""
    number = f"P{message.rank} {message.incident}: " if message.incident else ""
    title = one_line(message.title.translate(PLAIN), 400)
    text = one_line(message.text.translate(PLAIN), 400)
    keys = f" Reply 4 {message.code} to accept, 6 {message.code} to escalate." if message.code else ""
    wide = not is_gsm(f"{title}{text}")
    budget = TWO_PARTS_WIDE if wide else TWO_PARTS_GSM
    link = next((f" {each}" for each in (message.answer_link, message.link) if each and size(each) + 40 <= budget), "")
    if keys and size(number + keys + link) + min(size(title), 60) > budget:
        keys = ""
    room = budget - size(number + keys + link) - (0 if wide else 3)
    head = _fit(title, room)
    rest = _fit(text, room - size(head) - 2) if size(head) + 12 < room and text != title else ""
    body = f"{head}. {rest}" if rest else head
    return f"{number}{body}{keys}{link}"


def _fit(text: str, room: int) -> str:
    """The text cut at the end until it takes at most `room` places, with three dots where it was cut."""
    if size(text) <= room:
        return text
    while text and size(text) > room - 3:
        text = text[:-1]
    return f"{text.rstrip()}..." if text else ""
