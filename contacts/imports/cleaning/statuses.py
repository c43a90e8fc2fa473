"""What words of other systems say about whether we may write: a word → a standing of `contacts/imports/standing.py`."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from contacts.imports.cleaning import dates
from contacts.imports.standing import MAILABLE
from contacts.imports.standing import WORDS as WORST_FIRST

_WORDS = {
    MAILABLE: """
        subscribed, active, enabled, confirmed, opted in, opt in, optin, member, yes, true, 1, valid, ok,
        abonniert, aktiv, bestätigt, angemeldet, abonné, abonnée, inscrit, inscrite, actif, active, confirmé,
        suscrito, suscrita, activo, activa, confirmado, inscrito, ativo, iscritto, attivo, confermato, geabonneerd, actief,
        prenumererar, aktiv, tilaaja, subskrybent, aktywny, odebírá, aktivní, feliratkozott, abonat, activ,
        подписан, подписана, активен, активный, підписаний, активний, абониран, εγγεγραμμένος, ενεργός, abone, etkin, aktif,
        مشترك, نشط, רשום, פעיל, 購読中, 有効, 已订阅, 活跃, 有效, 已訂閱, 구독, 구독중, 활성
    """,
    "unsubscribed": """
        unsubscribed, unsubscribe, opted out, opt out, optout, opted-out, opt-out, removed, inactive unsubscribed, left, no, false, 0,
        abgemeldet, ausgetragen, gekündigt, désabonné, désabonnée, désinscrit, désinscrite, dado de baja, baja, cancelado, desuscrito,
        descadastrado, cancelou, disiscritto, disiscritta, cancellato, uitgeschreven, afgemeld, avprenumererad, avmeldt, afmeldt,
        wypisany, wypisano, odhlášen, odhlásený, leiratkozott, dezabonat, отписан, отписана, отписался, відписаний, отписан, διαγραμμένος,
        abonelikten çıktı, ayrıldı, ألغى الاشتراك, غير مشترك, ביטל, הוסר, 配信停止, 退会, 解除, 已退订, 退订, 已取消訂閱, 수신거부, 구독취소
    """,
    "bounced": """
        bounced, bounce, bouncing, hard bounce, hardbounce, hard-bounced, hard bounced, cleaned, clean, undeliverable, invalid, invalid address, non-existent,
        unzustellbar, zurückgekommen, bounce définitif, rebotado, rebote, devuelto, respinto, rimbalzato, teruggekomen, onbestelbaar,
        недоставлено, недействителен, odbity, nedoručitelné, visszapattant, مرتد
    """,
    "complained": """
        complained, complaint, spam, spam complaint, previous spam complaint, spamcomplaint, abuse, abuse complaint, marked as spam, reported, junk,
        beschwerde, plainte, queja, reclamação, reclamo, klacht, жалоба, скарга, skarga, شكوى
    """,
    "do_not_contact": """
        do not contact, donotcontact, do_not_contact, dnc, do not email, do not mail, blocklisted, blacklisted, blocked, banned, suppressed, never contact,
        nicht kontaktieren, gesperrt, ne pas contacter, bloqué, liste noire, no contactar, bloqueado, não contatar, non contattare, bloccato,
        niet contacteren, geblokkeerd, zablokowany, заблокирован, не связываться, заблокований, محظور, لا تتصل
    """,
    "erased": """
        erased, deleted, forgotten, gdpr deleted, right to be forgotten, gelöscht, effacé, supprimé, borrado, eliminado, apagado, cancellato definitivamente,
        verwijderd, usunięty, удалён, удален, видалений, törölt, smazán, محذوف
    """,
    "left_all": "unsubscribed from all, unsubscribed all, left all, global unsubscribe, globally unsubscribed, optedoutofall",
    "pending": """
        pending, unconfirmed, not confirmed, awaiting confirmation, waiting, transactional, non-subscribed, nonsubscribed, unverified, invited,
        unbestätigt, ausstehend, wartend, en attente, non confirmé, pendiente, sin confirmar, pendente, in attesa, non confermato, in afwachting, onbevestigd,
        oczekujący, niepotwierdzony, nepotvrzeno, függőben, în așteptare, не подтвержден, не подтверждён, ожидает, очікує, beklemede, قيد الانتظار, 保留中, 待确认, 대기
    """,
    "disabled": """
        disabled, inactive, paused, suspended, archived, deactivated, dormant, deaktiviert, inaktiv, archiviert, désactivé, inactif, archivé,
        inactivo, desactivado, archivado, inativo, desativado, disattivato, inattivo, gedeactiveerd, inactief, nieaktywny, neaktivní, inaktív, inactiv,
        неактивен, отключён, отключен, неактивний, pasif, معطل, غير نشط, לא פעיל, 無効, 已禁用, 비활성
    """,
    "no_consent": "no consent, not opted in, consent withdrawn, withdrawn, keine einwilligung, sans consentement, sin consentimiento, senza consenso",
}
_YES = """
    yes y true t 1 x ok on checked given granted agreed opted-in optin opt-in subscribed ja j oui o si sí s sim vrai wahr verdadero
    vero tak ano áno igen da evet e kyllä jah jā taip ναι да так да. нaм نعم כן はい 是 예 네 हाँ ใช่ có ya ndiyo ✓ ✔ ☑
"""
_NO = """
    no n false f 0 off unchecked none nein non não nao nee nei nej
    faux falsch falso nie ne nem nu hayır hayir ei nē όχι οχι нет ні не لا לא いいえ 否 不 아니요 아니오 नहीं ไม่ không tidak hapana ✗ ✘ ☐ -
"""
_REFUSED = "refused declined withdrawn revoked opted-out optout opt-out unsubscribed"


def standing_of(word: str) -> str | None:
    """The standing a status word means, "" for one who may be mailed; None for a word nobody taught us."""
    return _standings().get(_folded(word[:100]))


def yes_or_no(word: str) -> bool | None:
    """What a cell that answers a question says; None for neither."""
    return _answers().get(_folded(word[:100]))


def says_no(word: str) -> bool:
    """Whether a cell is a plain no. "Unsubscribed" is one to "do you agree?", but not to "did they leave?"."""
    return _folded(word[:100]) in _plain_no()


def says_consent(word: str) -> bool | None:
    """What a cell of a consent column says: an answer, or a date, which is a yes; None for neither."""
    if (answer := yes_or_no(word)) is not None:
        return answer
    try:
        dates.moment_of(word)
    except dates.Ambiguous:
        return True
    except dates.NotADate:
        return None
    return True


def worst(*standings: str) -> str:
    """Of several standings of one person the one that forbids most; a refusal always beats a consent."""
    for standing in WORST_FIRST:
        if standing in standings:
            return standing
    return MAILABLE


@lru_cache(maxsize=1_000)
def _folded(word: str) -> str:
    return _fold(word)


def _fold(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).casefold().replace("_", " ").split())


@cache
def _standings() -> dict[str, str]:
    # From the mildest to the worst, so that a word in two lists means the worse.
    order = [MAILABLE, *reversed(WORST_FIRST)]
    return {
        _fold(word): standing for standing in order for word in _WORDS[standing].split(",") if word.strip()
    }


@cache
def _answers() -> dict[str, bool]:
    yes = {_fold(word): True for word in _YES.split()}
    return yes | dict.fromkeys([*_plain_no(), *map(_fold, _REFUSED.split())], False)


@cache
def _plain_no() -> frozenset[str]:
    return frozenset(map(_fold, _NO.split()))
