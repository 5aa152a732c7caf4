"""Which of Spanish, English and Portuguese a customer writes."""

import re
from collections.abc import Iterable

from apps.assistant.types import Language
from apps.assistant.understanding.text import fold, vocabulary

_WORD = re.compile(r"[^\W\d_]+")
_MARKS: dict[Language, frozenset[str]] = {
    "es": vocabulary(
        """
        el los las una unos del al y pero porque que quiero quisiera busco hola gracias buenas buenos dias con
        por en es estoy soy tengo necesito donde cuando cuanto cual como me mi se si yo usted ustedes depto
        departamento arriendo casa dormitorios hasta entre precio comprar arrendar manana hoy tambien muy mas
        llamo nombre millones pesos somos
        """
    ),
    "en": vocabulary(
        """
        the a and i am i'm is are my you your looking for want would like need have with hello hi thanks thank
        please house apartment rent buy bedroom bedrooms budget price visit tomorrow today of to this that in
        it how what where when name million dollars good morning evening afternoon interested yes we at around
        can do does not
        """
    ),
    "pt": vocabulary(
        """
        o os um uma e mas nao sim eu voce voces quero queria gostaria procuro procurando estou sou tenho
        preciso obrigado obrigada ola oi bom boa dia tarde noite apartamento quartos aluguel alugar comprar
        meu minha em na do da com ate por favor qual quanto onde quando amanha hoje tudo bem imovel
        orcamento reais milhoes chamo nome isso
        """
    ),
}
_OPENERS = vocabulary("hola buenas gracias hello hi hey thanks ola oi obrigado obrigada")
# Letters that only one of the three uses.
_LETTERS: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("es", re.compile(r"[ñ¿¡]", re.IGNORECASE)),
    ("pt", re.compile(r"[ãõçê]|ç", re.IGNORECASE)),
)


def language_of(texts: Iterable[str], *, default: Language) -> Language:
    """The language of the newest text that shows one; `texts` are oldest first. Short answers show none."""
    language = default
    for text in texts:
        language = _language(text) or language
    return language


def _language(text: str) -> Language | None:
    words = _WORD.findall(fold(text[:1_000]))[:120]
    scores: dict[Language, int] = {language: sum(word in marks for word in words) for language, marks in _MARKS.items()}
    for language, letters in _LETTERS:
        scores[language] += 2 * bool(letters.search(text[:1_000]))
    best, second = sorted(scores.values(), reverse=True)[:2]
    # One word alone tells only where it is a greeting or a thank-you.
    if best < 2 and not (best == 1 and len(words) <= 2 and _OPENERS.intersection(words)):
        return None
    return next(language for language, score in scores.items() if score == best) if best > second else None
