"""Which old encoding a text without any mark is in: candidates in the order of how well they read.

Every byte is a letter in most of these, so none can be proved; a person decides, looking at real rows. The order
comes from what makes text look wrong: letters of two scripts in one word, signs inside words, capitals after small
letters, runs of accented letters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Letters that are common in the languages an encoding was made for.
_CANDIDATES = {
    "cp1252": "äöüßéèêëàâçñíóúáîôœåøæãõïìòùÄÖÜÉÅØÆÇ",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîşţđäöüßľĺŕÁČŠŽŁŚŻŐ",
    "cp1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґјљњћђџёАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯІЇЄ",
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊΐϋΰΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ",
    "cp1254": "ıİğĞşŞçÇöÖüÜâî",
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1256": "ابةتثجحخدذرزسشصضطظعغفقكلمنهويىءأإآؤئپچژگی",
    "cp1257": "ąčęėįšųūžāēģīķļņõäöüĄČĘĖĮŠŲŪŽĀĒĢĪĶĻŅ",
    "iso8859_2": "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîşţđäöüß",
    "koi8_r": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "mac_roman": "äöüßéèêëàâçñíóúáîôœåøæãõïìòù",
    "cp850": "äöüßéèêëàâçñíóúáîôåøæãõïìòù",
    "cp932": "",
    "gb18030": "",
    "big5": "",
    "euc_kr": "",
    "euc_jp": "",
}
_WITH_CAPITALS = ("cp1251", "cp1253", "koi8_r")  # alphabets with them, beside those without (Hebrew, Arabic)
# In doubt the more usual one: this much of an advantage, in points per letter.
_USUAL = {"cp1252": 0.15, "cp1251": 0.05, "cp1250": 0.05, "cp932": 0.02, "gb18030": 0.03, "big5": 0.02}
_SHOWN = 8
_LIKE = {"ø": "o", "æ": "a", "œ": "o", "ı": "i", "ß": "s", "ł": "l", "đ": "d"}
_WORD = re.compile(r"[^\W\d_]+|[^\x00-\x7f]+")
_PUNCTUATION = frozenset("€–—„“”‚‘’…•«»§°·£©®™¿¡ªº、。「」・，（）：")


def likely(sample: bytes) -> tuple[str, ...]:
    """Candidates for a text of an unknown 8-bit or East Asian encoding, the likeliest first."""
    letters = sum(byte > 127 for byte in sample) or 1
    scores = {name: _score(sample, name) / letters + _USUAL.get(name, 0) for name in _CANDIDATES}
    return tuple(sorted(scores, key=lambda name: -scores[name])[:_SHOWN])


def _score(sample: bytes, name: str) -> float:
    # A sample may end inside a character of two bytes; a few bytes of dirt rule nothing out.
    text = sample.decode(name, "replace")
    score = -6.0 * text.count("\ufffd")
    if name in _WITH_CAPITALS and not any(sign.isupper() for sign in text if not sign.isascii()):
        score -= 0.3 * sum(not sign.isascii() for sign in text)  # a list of people begins its names with one
    width = 2 if not _CANDIDATES[name] else 1
    for word in re.split(r"[\s,;|\t\"@.]+", text):
        if not word.isascii():
            score += _score_of_word(word, name, width)
    return score


def _score_of_word(word: str, name: str, width: int) -> float:
    common = _CANDIDATES[name]
    score = -0.5 * _hard_to_say(word)
    run = 0
    before = ""
    for sign in word:
        if sign.isascii():
            if before and not before.isascii() and sign.isalpha() and _script(before) not in ("", "LATIN"):
                score -= 2
            before, run = sign, 0
            continue
        category = unicodedata.category(sign)
        script = _script(sign)
        if category[0] == "L":
            score += width * (
                _weight_of_ideograph(sign, name) if not common else 1.0 if sign in common else 0.2
            )
        elif category[0] == "C":
            score -= 3
        elif sign not in _PUNCTUATION:
            score -= 1.5 if category[0] == "S" else 0.5
        if before.isalpha() and category[0] == "L":
            if before.isascii() and script not in ("", "LATIN"):
                score -= 2
            if sign.isupper() and word[0].islower():
                score -= 1
        run = run + 1 if script == "LATIN" else 0
        if run > 2:
            score -= 1.5
        before = sign
    return score


def _hard_to_say(word: str) -> int:
    """Letters beyond two vowels or three consonants in a row: "Jřrgensen", "Jiøí" and "лдпм" are no names."""
    over = vowels = consonants = 0
    for sign in word.casefold():
        base = _LIKE.get(sign) or unicodedata.normalize("NFD", sign)[0]
        if not ("a" <= base <= "z" or "а" <= base <= "я" or base in "ієґ"):
            vowels = consonants = 0
        elif base in "aeiouyаеиоуыэюяіє":
            vowels, consonants = vowels + 1, 0
            over += vowels > 2
        else:
            vowels, consonants = 0, consonants + 1
            over += consonants > 3
    short = word.isalpha() and consonants == len(word) > 2  # a whole word without any vowel
    return over + 2 * short


@cache
def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0] if sign.isalpha() else ""


@cache
def _weight_of_ideograph(sign: str, name: str) -> float:
    """1 for a letter of the everyday part of its character set, which stands in a block of its own."""
    try:
        code = sign.encode(name)
    except UnicodeEncodeError:
        return 0.2
    match name:
        case "gb18030":
            everyday = 0xB0 <= code[0] <= 0xD7 and len(code) == 2
        case "big5":
            everyday = 0xA4 <= code[0] <= 0xC6
        case (
            "euc_kr"
        ):  # Chinese letters are rare in it, and Chinese texts read by it are half Hangul by chance
            return 1.3 if "\uac00" <= sign <= "\ud7a3" else -0.5
        case "cp932":
            everyday = "\u3040" <= sign <= "\u30ff" or 0x88 <= code[0] <= 0x9F
        case _:
            everyday = "\u3040" <= sign <= "\u30ff" or 0xB0 <= code[0] <= 0xCF
    return 1.0 if everyday else 0.2
