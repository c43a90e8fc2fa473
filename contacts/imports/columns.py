"""What a column is, by its name in many languages or by what stands in it. Imports nothing of Django.

A guess is shown to staff, who confirm or correct it; nothing is imported by a guess alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from functools import cache

# What a column can be matched to, besides "" (left out) and "attribute:<key>".
FIELDS = (
    "address",
    "name",
    "first_name",
    "last_name",
    "country",
    "language",
    "time_zone",
    "status",
    "consent",
    "consent_at",
    "consent_ip",
    "confirmed_at",
    "confirmed_ip",
    "unsubscribed_at",
    "bounced_at",
    "do_not_contact",
    "attributes",
    "tags",
)
ATTRIBUTE = "attribute:"
POSITION = "position:"  # of a column without a name, counted from 1, in a saved mapping
MAX_KEY = 50

# Names as `simplify` leaves them: small letters and digits of any script, without blanks and signs.
_NAMES = {
    "address": """
        email emailaddress emails mail mailaddress eaddress emailid contactemail primaryemail e_mail
        emailadresse mailadresse elektronischepost epost epostadresse epostadress epostadres
        courriel adressecourriel adresseemail adressemail adresseelectronique mel
        correo correoelectronico direcciondecorreo direccionemail direcciondecorreoelectronico
        endereçodeemail enderecodeemail enderecoeletronico correioeletronico
        indirizzoemail indirizzodipostaelettronica postaelettronica indirizzomail
        emailadres mailadres sahkoposti sahkopostiosoite netfang tolvupostfang
        email1 adresemail adresemailowy adresposztyelektronicznej poczta pocztaelektroniczna
        emailova emailovaadresa emailcim emailadresa adresaemail adresadeemail elektronskaposta eposta epostaadresi
        elpastas elpastoadresas epasts epastaadrese meil meiliaadress emaili
        элпочта электроннаяпочта почта адресэлектроннойпочты имейл мейл емейл електроннапошта електроннаадреса
        имейладрес електроннапоща еадреса епошта емаил ηλεκτρονικοταχυδρομειο ηλεκτρονικηδιευθυνση
        البريدالإلكتروني البريدالالكتروني بريدإلكتروني بريدالكتروني الايميل الإيميل ایمیل پستالکترونیک
        דואל דואראלקטרוני אימייל メール メールアドレス eメール 电子邮件 电子邮箱 邮箱 邮箱地址 邮件 電子郵件 電郵 信箱
        이메일 이메일주소 메일 전자우편 ईमेल ईमेलपता อีเมล thưđiệntử thudientu diachiemail alamatemail surel baruapepe
    """,
    "name": """
        name fullname contactname displayname nameofcontact subscribername vollername ganzername
        nom nomcomplet nombre nombrecompleto nomecompleto nomecognome nominativo naam volledigenaam
        imieinazwisko imienazwisko jmenoaprijmeni nev teljesnev numecomplet namn navn nimi nafn adsoyad isimsoyisim
        имяифамилия фио полноеимя пибіб піб имеифамилия ονοματεπωνυμο ονομα
        الاسم الاسمالكامل نام שם שםמלא 名前 氏名 姓名 名字 이름 성명 नाम ชื่อ hoten họtên namalengkap nama jina
    """,
    "first_name": """
        firstname first fname givenname forename givennames vorname rufname prenom prénom
        primernombre nombredepila primeironome nomeproprio nome voornaam fornamn fornavn etunimi
        imie jmeno krestnijmeno meno keresztnev utonev prenume ime vardas vards eesnimi adi ad isim
        имя імя име όνομα μικροονομα الاسمالأول الاسمالاول نامکوچک שםפרטי 名 ชื่อจริง tên namadepan
    """,
    "last_name": """
        lastname last lname surname familyname nachname familienname zuname nomdefamille apellido apellidos
        sobrenome apelido cognome achternaam familienaam efternamn etternavn efternavn sukunimi
        nazwisko prijmeni priezvisko vezeteknev csaladnev numedefamilie prezime priimek pavarde uzvards
        perekonnanimi soyad soyadi soyisim фамилия прізвище фамилно фамилноиме презиме επωνυμο επιθετο
        اسمالعائلة اللقب نامخانوادگی שםמשפחה 姓 苗字 성 นามสกุล họ ho namabelakang
    """,
    "country": """
        country countrycode countryname countryregion mailingcountry homecountry homecountryregion businesscountryregion
        address1country nation cc land staat pays pais país paese nazione
        kraj zeme stat krajina orszag tara drzava zemlja salis valsts riik maa ulke
        страна країна държава држава земја χωρα الدولة البلد بلد کشور מדינה ארץ 国 国家 國家 국가 나라 देश ประเทศ quocgia negara nchi
    """,
    "language": """
        language lang locale languagecode preferredlanguage sprache langue idioma lingua taal sprak sprog kieli
        jezyk jazyk nyelv limba jezik kalba valoda keel dil язык мова език језик γλωσσα اللغة لغة زبان שפה
        言語 语言 語言 언어 भाषा ภาษา ngonngu bahasa lugha
    """,
    "time_zone": "timezone tz zeitzone fuseauhoraire husohorario zonahoraria fusoorario tijdzone strefaczasowa часовойпояс",
    "status": """
        status subscriptionstatus subscriberstatus emailstatus memberstatus abostatus statut
        can2subscriptionstatus emailsubscriptionstatus статус состояние الحالة 状态 状態 상태 durum
    """,
    "consent": """
        consent optin optedin optinstatus emailoptin subscribed gdpr gdprconsent marketingconsent newsletter newsletterconsent permission
        einwilligung zustimmung consentement consentimiento consentimento consenso toestemming zgoda souhlas
        hozzajarulas consimtamant samtycke samtykke suostumus согласие згода съгласие συγκαταθεση
        الموافقة موافقة 同意 동의 onay riza
    """,
    "consent_at": """
        consentat consentdate consenttime dateofconsent optintime optindate optinat gdprdate signupdate signupat
        subscribedat subscriptiondate subscribedon dateadded einwilligungam datumdereinwilligung
        datedeconsentement dateconsentement fechadeconsentimiento datasoglasia датасогласия
    """,
    "consent_ip": "consentip optinip signupip ip ipaddress",
    "confirmed_at": "confirmtime confirmedat confirmationdate confirmdate doubleoptinat confirmationtime",
    "confirmed_ip": "confirmip confirmationip",
    "unsubscribed_at": """
        unsubtime unsubscribedat unsubscribedate unsubscribedon unsubscribetime optoutdate optoutat optouttime
        unsubscribed unsubscribedfromallemail optout optedout emailoptout hasoptedoutofemail emailoptedout
        optedoutofemail nobulkemails nobulkemailsuseroptout
        abgemeldet abgemeldetam desinscrit datededesinscription desabonnele debaja fechadebaja датаотписки
    """,
    "bounced_at": "cleantime bounced bouncedat bouncedate cleanedat hardbounced emailbounced email1isbad onhold emailonhold",
    # "Do not mail" and its kind are about letters on paper.
    "do_not_contact": """
        donotcontact donotemail donotemails dnc blacklisted emailblacklisted blocklisted emailblocklisted
        nichtkontaktieren nepascontacter nocontactar nãocontatar noncontattare
    """,
    "attributes": "attributes attribs attrib customfields",
    "tags": "tags tag labels taglist can2usertags groupmembership categories schlagworte etiquettes etiquetas etichette теги метки",
}
# Mailchimp exports name the file's kind by a column of its own; listmonk by its uuid beside a status.
STANDING_BY_COLUMN = {"unsubtime": "unsubscribed", "cleantime": "bounced"}


def simplify(name: str) -> str:
    """A column name without what people vary: capitals, blanks, signs, and accents of Latin letters."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = [
        sign
        for sign in folded
        if unicodedata.category(sign)[0] in "LN"
        or "\u0900" <= sign <= "\u0e7f"
        or "\u0600" <= sign <= "\u06ff"
    ]
    return "".join(letters)


@cache
def _fields_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for field, names in _NAMES.items():
        for name in names.split():
            found.setdefault(simplify(name), field)
    # Our own export names its columns as the fields are named.
    return found | {simplify(field): field for field in FIELDS if field != "address"}


def field_of(header: str, attributes: Collection[str] = ()) -> str:
    """The field a column name stands for, "attribute:<key>" for one of `attributes`, or "" for neither."""
    stripped = header.strip()
    if stripped.startswith(ATTRIBUTE):
        return stripped
    if field := _fields_by_name().get(simplify(stripped), ""):
        return field
    key = attribute_key(stripped)
    return ATTRIBUTE + key if key in attributes else ""


def match(headers: Sequence[str], attributes: Collection[str] = ()) -> list[str]:
    """The field of each column by its name. A field is given once: to the first column that claims it."""
    found: list[str] = []
    ours = kind_of_file(headers) == "epistle"
    for header in headers:
        # "Address" alone is where somebody lives; in our own export it is their mail address.
        field = "address" if ours and simplify(header) == "address" else field_of(header, attributes)
        found.append("" if field in found else field)
    if "name" in found and "first_name" not in found and "last_name" in found:
        found[found.index("name")] = "first_name"  # "Nom, Prénom" and "Name, Vorname" have it the other way
    elif (
        "name" in found
        and "first_name" in found
        and "last_name" not in found
        and _family_first(headers, found)
    ):
        found[found.index("name")] = "last_name"
    return found


# What a question of consent speaks of, and what turns it round ("Please do not send me …"); parts of words.
_OF_CONSENT = """
    agree consent opt-in newsletter mailing-list subscri permission gdpr dsgvo rgpd
    einwillig zustimm einverstand rundbrief accord accepte abonn infolettre acepto consiento suscri boletín
    consenso acconsento iscri akkoord toestemming nieuwsbrief samtyck samtykke nyhetsbrev zgod zgadzam souhlas
    соглас рассылк موافق نشرة 同意 订阅 구독
"""
_TURNED_ROUND = re.compile(
    r"\b(not|no|don.?t|never|stop|remove|unsub\w*|opt.?out|nicht|kein\w*|nie|ab(ge)?meld\w*|aus(ge)?trag\w*|ne|pas"
    r"|d[ée]s(?:abonn|inscri)\w*|nunca|baja|cancel\w*|non voglio|niet|geen|uitschrij\w*|ikke|inte|aldrig|не|отпис\w*|отказ\w*)\b|لا|不|退|거부",
    re.I,
)


@cache
def _consent_parts() -> tuple[str, ...]:
    return tuple(simplify(part) for part in _OF_CONSENT.split())


def question_of(header: str) -> str:
    """What a header in the form of a question asks: "consent", "unsubscribed_at" where a yes is a refusal, or ""."""
    asked = simplify(header)
    if not any(part in asked for part in _consent_parts()):
        return ""
    return "unsubscribed_at" if _TURNED_ROUND.search(header) else "consent"


# Languages in which the bare word for "name", beside a word for the given name, means the family name.
_FAMILY_BESIDE_GIVEN = {"nom", "name", "naam", "nume", "nev"}
_GIVEN_OF_THESE = {"prenom", "vorname", "voornaam", "prenume", "keresztnev", "utonev"}


def _family_first(headers: Sequence[str], found: Sequence[str]) -> bool:
    name = simplify(headers[found.index("name")])
    given = simplify(headers[found.index("first_name")])
    return name in _FAMILY_BESIDE_GIVEN and given in _GIVEN_OF_THESE


def repeats(headers: Sequence[str]) -> list[int]:
    """Columns that look like a second e-mail address; reported, never imported as another person."""
    first = next((index for index, header in enumerate(headers) if field_of(header) == "address"), None)
    if first is None:
        return []
    return [
        index
        for index, header in enumerate(headers)
        if index != first
        and field_of(
            re.sub(r"[\s_.#-]*\d+\s*$|^\s*(?:second|other|zweite|autre|otro)\w*\s", "", header, flags=re.I)
        )
        == "address"
    ]


def standing_of_file(headers: Sequence[str]) -> str:
    """What holds for every row of an export of this shape: "unsubscribed", "bounced", or "" for nothing."""
    names = {simplify(header) for header in headers}
    if "emailaddress" in names and ("leid" in names or "euid" in names):
        return next((word for column, word in STANDING_BY_COLUMN.items() if column in names), "")
    return ""


def kind_of_file(headers: Sequence[str]) -> str:
    """Who wrote the file: "mailchimp", "listmonk", "epistle", or "" where nobody we know of did."""
    names = {simplify(header) for header in headers}
    if "emailaddress" in names and "euid" in names:
        return "mailchimp"
    if {"uuid", "email", "attributes", "status"} <= names:
        return "listmonk"
    if {"address", "firstname", "lastname", "timezone"} <= names:
        return "epistle"
    return ""


def attribute_key(header: str) -> str:
    """The key an attribute of this name would have: "Größe, XL" → "grosse_xl". Empty if nothing is left."""
    folded = unicodedata.normalize("NFKD", header.casefold())
    key = re.sub(r"[^a-z0-9]+", "_", folded.encode("ascii", "ignore").decode()).strip("_")
    return key[:MAX_KEY] if key and key[0].isalpha() else (f"a_{key}"[:MAX_KEY] if key else "")


def apply_mapping(headers: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """The field of each column by a saved mapping ({header in small letters, or "position:<number>": field}).

    Columns that it does not know are left out.
    """
    found: list[str] = []
    for number, header in enumerate(headers, start=1):
        field = mapping.get(_kept_as(header, number), "")
        found.append("" if field in found else field)
    return found


def mapping_of(headers: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """What to keep of a matching for the next file of the same shape; the inverse of `apply_mapping`."""
    return {
        _kept_as(header, number): field
        for number, (header, field) in enumerate(zip(headers, columns, strict=False), start=1)
        if field
    }


def _kept_as(header: str, number: int) -> str:
    """What a saved mapping knows a column by: its name in small letters or, where it has none, its place."""
    return header.strip().casefold() or f"{POSITION}{number}"
