"""The name of the person who writes."""

import re

from apps.assistant.understanding.places import is_place_word
from apps.assistant.understanding.text import Text, fold, vocabulary

_PARTICLES = frozenset({"de", "del", "la", "las", "los", "da", "do", "dos", "das", "van", "von", "di", "san"})
_TITLE = (
    r"(?:(?:el|la|un|una|con)\s+){0,2}(?:(?:sr|sra|srta|senor|senora|senorita|don|dona|doctora?|dra?|ing|lic|mr|mrs"
    r"|ms)\b\.?\s+)?"
)
_TITLE_AT = re.compile(_TITLE)
_ARTICLES = frozenset({"", "el", "la", "un", "una", "con"})
_STRONG = re.compile(
    r"\b(?:me llamo|mi nombre(?: completo)? es|mi nombre|my name is|my name's|meu nome (?:e|eh)|me chamo|a nombre de"
    r"|mi nombre seria|me dicen|nombre:)\s+"
)
_WEAK = re.compile(
    r"\b(?:soy|te habla|le habla|habla|te escribe|le escribe|te saluda|le saluda|aqui|aca|sou(?: o| a)?|i'm|i am|im"
    r"|this is|aqui e(?: o| a)?)\s+"
)
_LEADING = re.compile(
    r"^(?:(?:hola+|buen(?:os|as)?|dia|dias|tardes|noches|si|claro|ok|okey|dale|bueno|por supuesto|sure|yes|hi|hello"
    r"|hey|oi|ola|bom|boa|tarde|noite|que tal|mucho gusto"
    r"|gusto|encantad[oa]|es|it's|its)\b[\s,.!:-]*)+"
)
_LAUGHTER = re.compile(r"^(?:[jha]?(?:ja|je|ji|ha|he|rs|ks)+[jh]?|l+o+l+|m+|e+h*|a+h+|u+y+|xd+|k+)$")
_WORD = re.compile(r"[^\W\d_]{1,3}\.(?= [^\W\d_])|[^\W\d_]+(?:['.-][^\W\d_]+)*")
_NOT_A_NAME = vocabulary(
    """
        a al algo alguien ahora ahi alla aqui aun aunque ayuda ayudar ayudame argentino argentina asesor
        agente arriendo arrendar alquilar alquiler baja barato bien bueno busco buscando buscar buenas buenos
        cada casa casado casada cerca chileno chilena claro cliente cliente como comprar comprador con
        consulta consultar cotizar credito creo cual cualquiera cuando cuanto cuantos cuesta colombiano
        colombiana dale de desde despues depto departamento departamentos departamento dime disponible donde
        dos dueno duena dolares e ella el en entonces era es esa ese eso esta este esto estoy estudiante
        extranjero extranjera estan espero feliz favor fue gente gracias grande ha hablar hace hay hola hombre
        hoy igual info informacion ingeniero interesa interesado interesada inversion inversionista invertir
        ir jubilado la las le les lo los luego llamar llamo mal manana mas me medico mejor menos mexicano
        mexicana mi mis mio mucho mujer muy nada nadie necesito necesitamos ni ninguno no nombre nos nosotros
        nuevo nueva o ok oferta otra otro pago pagar para pareja pasa peruano peruana persona pero pesos pie
        poco podria podrias porque por porfa precio precios presupuesto primera profesor propiedad propietario
        propietaria puede puedes puedo que queremos quien quiero quisiera quisieramos real renta rentar robot
        sabado salud saludos se sea seguro ser sera si siempre sin sobre solo soltero soltera son soy su sus
        super tal tambien tan tarde te tengo tenemos ti tiene tienen tienes tipo todavia todo trabajo
        trabajador tu tus un una uno usted ustedes va vale valor vender vendedor vendo ver verdad vez viajo
        viendo vivir vivo visita visitar viuda visitarlo y ya yo zona venezolano venezolana vecino vecina stop
        humano bot dia dias noches tardes quieres decirte digo decir dice dije prefiero privado despues
        importa sabes sirve saber looking interested calling writing from the an i am to for and want need buy
        rent sell yes not sure here with agent house apartment just my have would like about your this that is
        it new good fine ok okay please thanks hello hi hey there budget bedroom bedrooms procurando
        interessado interessada quero queria preciso gostaria obrigado obrigada nao sim uma um tudo bom boa oi
        ola voce minha meu comprar alugar aluguel casa apartamento corredor corredora corretor abogado abogada
        arquitecto doctor doctora padre madre papa mama esposo esposa hijo hija usuario contacto numero
        mensaje whatsapp telefono correo mail email comuna ciudad barrio metro santiaguino pensionado
        independiente dependiente empleado empleada funcionario funcionaria militar enfermera enfermero medica
        dentista alto bajo parte visitante serio
        """
)
_FIRST_NAMES = vocabulary(
    """
        abel abigail adela adolfo adrian adriana agustin agustina alan alba alberto aldo alejandra alejandro
        alex alexis alfonso alfredo alicia alma alonso alvaro amalia amanda amelia amparo ana anabel andrea
        andres angel angela angelica anibal anita antonella antonia antonio ariel armando arturo aurora
        barbara bastian beatriz belen benito benjamin bernarda bernardo berta blanca bruno camila camilo carla
        carlos carmen carolina catalina cecilia cesar christian clara claudia claudio clemente constanza
        consuelo cristian cristina cristobal damian daniel daniela dario david debora delia denisse diana
        diego domingo dominga edgar edgardo edmundo eduardo elena eliana elias elisa elizabeth elsa elvira
        emilia emiliano emilio emma enrique erica erick ernesto esteban estefania estela ester esther eugenia
        eugenio eva fabian fabiola facundo federico felipe fernanda fernando fidel florencia francisca
        francisco franco fran gabriel gabriela gaston genesis gerardo german gilberto gisela giovanni gladys
        gloria gonzalo graciela gregorio guadalupe guillermo gustavo hector helena henry hernan hilda horacio
        hugo humberto ignacia ignacio ines ingrid irene iris irma isaac isabel isabella isidora ismael ivan
        ivonne jaime javier javiera jeronimo jessica jesus jimena joao joaquin joel jonathan jorge jose josefa
        josefina juan juana juanita judith julia julian juliana julieta julio karen karina karla katherine
        kevin lara laura leandro leonardo leonel leonor leticia lidia liliana lorena lorenzo lourdes lucas
        lucia luciana luciano lucrecia luis luisa luz macarena magdalena maite manuel manuela marcela marcelo
        marco marcos margarita maria mariana mariano maribel mario marisol marta martin martina mateo matias
        matilde mauricio max maximiliano mayra melissa mercedes micaela miguel milagros miranda mireya monica
        monserrat nadia natalia nelson nicolas nicole nora norma octavio olga omar orlando oscar osvaldo pablo
        paola patricia patricio paula paulina paulo pedro pepe pia pilar priscila rafael ramiro ramon raquel
        raul rebeca renata rene ricardo rita roberto rocio rodolfo rodrigo rogelio roman romina rosa rosario
        ruben ruth salvador samuel sandra santiago sara saul sebastian sergio silvana silvia simon sofia sol
        sonia soledad susana tamara tania tatiana teresa tomas trinidad valentin valentina valeria vanessa
        vania vera veronica vicente victor victoria violeta viviana walter wilson ximena yasna yolanda john
        mary james sarah michael jennifer robert linda emily peter anna thomas mark paul fernandes joana
        pedrinho thiago tiago rafaela larissa leticia beatriz guilherme luiz luiza marcia
        """
)


def find_name(text: Text, *, asked: str | None) -> str:
    """A name that is said ("soy Ana"), or the bare answer of somebody who was asked for it."""
    if match := _STRONG.search(text.folded):
        name = _name_at(text, _after_title(text, match.end()), is_certain=True)
        if name:
            return name
    for match in _WEAK.finditer(text.folded):
        start = _after_title(text, match.end())
        has_title = text.folded[match.end() : start].strip() not in _ARTICLES
        name = _name_at(text, start, is_certain=has_title)
        if name:
            return name
    return _bare_name(text) if asked == "name" else ""


def is_like_a_name(words: str) -> bool:
    """Whether a profile name reads as a person's ("Ana Pérez", not "💎 Inversiones 24/7")."""
    first = _WORD.match(fold(words.strip()))
    if not first or first.group() in _NOT_A_NAME:
        return False
    return re.fullmatch(r"[^\W\d_][^\d_@#/]{1,60}", words.strip()) is not None


def tidy(name: str) -> str:
    """ "ANA PEREZ" and "ana pérez" → "Ana Perez", "Ana Pérez"; mixed case is the owner's own spelling."""
    if name not in {name.lower(), name.upper()}:
        return name
    words = name.lower().split()
    return " ".join(
        word if index and word in _PARTICLES else word[:1].upper() + word[1:] for index, word in enumerate(words)
    )


def _name_at(text: Text, start: int, *, is_certain: bool) -> str:
    words = _words_from(text, start)
    if not words:
        return ""
    first = words[0]
    is_plain = fold(first) in _FIRST_NAMES or (first[:1].isupper() and first != first.upper())
    return tidy(" ".join(words)) if is_certain or is_plain else ""


def _after_title(text: Text, start: int) -> int:
    match = _TITLE_AT.match(text.folded, start)
    return match.end() if match else start


def _bare_name(text: Text) -> str:
    if re.search(r"[?¿\d@$]", text.clean) or len(text.clean) > 200:
        return ""
    lead = _LEADING.match(text.folded)
    start = _after_title(text, lead.end() if lead else 0)
    words = _words_from(text, start)
    if not words or (len(words) == 1 and len(words[0]) < 2) or _LAUGHTER.match(fold(words[0])):
        return ""
    if fold(words[0]) not in _FIRST_NAMES and is_place_word(" ".join(words)):
        return ""
    rest = text.folded[start:].strip()
    is_alone = len(_WORD.findall(rest)) <= len(words) + 1
    return tidy(" ".join(words)) if is_alone or fold(words[0]) in _FIRST_NAMES else ""


def _words_from(text: Text, start: int) -> list[str]:
    """Up to four words that can be a name, from `start` on, in one statement."""
    words: list[str] = []
    position = start
    while len(words) < 4:
        match = _WORD.match(text.clean, position)
        if not match:
            break
        word = fold(match.group())
        if word in _PARTICLES and words:
            if not _continues(text, match.end()):
                break
        elif word in _NOT_A_NAME or len(match.group()) > 25:
            break
        words.append(match.group())
        position = match.end()
        if text.clean[position : position + 1] != " ":
            break
        position += 1
    while words and fold(words[-1]) in _PARTICLES:
        words.pop()
    return words


def _continues(text: Text, end: int) -> bool:
    """A particle belongs to a name only before a capital: "María de la Cruz", not "Ana de providencia"."""
    rest = re.match(r" (?:(?:la|las|los) )?([^\W\d_]+)", text.clean[end : end + 40])
    if not rest or not rest[1][0].isupper():
        return False
    return not is_place_word(text.clean[end : end + 40].strip())
