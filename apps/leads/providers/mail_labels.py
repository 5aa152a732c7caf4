"""`Nombre: Ana`, `Telefone: …`, `Phone<tab>…`: the labelled lines of a notification, in three languages."""

import re
from collections.abc import Mapping
from typing import Final

from apps.leads.field_values import plain_name

MOST_CHARACTERS: Final = 5000
_LABELS: Final[Mapping[str, str]] = {
    "nombre": "nombre name nome nombrecompleto nombreyapellido fullname nomecompleto interesado contacto cliente lead "
    "nombredelinteresado nombredelcliente nomedocliente",
    "apellido": "apellido apellidos lastname sobrenome",
    "telefono": "telefono tel fono phone phonenumber telefone celular movil mobile whatsapp cel telefonocelular "
    "telefonodecontacto fone numerodetelefono telefonomovil",
    "email": "email correo correoelectronico mail emailaddress correodecontacto emaildecontacto correodelinteresado",
    "mensaje": "mensaje message mensagem consulta comentario comentarios comments comment pregunta "
    "mensajedelinteresado observaciones inquiry",
    "propiedad": "propiedad property imovel inmueble aviso anuncio publicacion listing titulodelaviso titulodelanuncio "
    "proyecto project empreendimento",
    "codigo_propiedad": "codigo code codigopropiedad codigodelapropiedad codigodepropiedad codigodelaviso "
    "codigodelanuncio referencia reference ref idpropiedad propertyid listingid idaviso idanuncio codigodoimovel "
    "codigodoanuncio numerodeaviso",
    "precio": "precio price preco valor",
    "operacion": "operacion operation operacao tipodeoperacion",
    "tipo_propiedad": "tipodepropiedad tipopropiedad propertytype tipodeimovel tipodeinmueble",
    "ciudad": "ciudad city cidade comuna municipio localidad",
    "direccion": "direccion address endereco ubicacion location",
    "presupuesto": "presupuesto budget orcamento",
    "enlace": "enlace link url vinculo",
    "rut": "rut dni cpf documento cedula",
}
_NAME_OF_LABEL: Final = {label: name for name, labels in _LABELS.items() for label in labels.split()}
_LINE: Final = re.compile(r"[\s*•\-–>|#]{0,10}([^:\t]{2,40}?)[\s*]{0,4}[:\t]\**[ \t]*(.*)")
# What closes a message: a rule, a signature, the portal's own words.
_END: Final = re.compile(
    r"(?i)\s*(--|__|==|\*\*\*|saludos\b|atentamente\b|atenciosamente\b|regards\b|este (mensaje|correo)\b|no responda"
    r"|responde(r)? (a |este )|ver (el )?(aviso|anuncio|mensaje)|copyright|©|para dejar de|unsubscribe|cancelar)"
)


def read(text: str) -> dict[str, str]:
    """Name → value for each label that is known; the first of a label counts, a message goes on over several lines."""
    found: dict[str, str] = {}
    current = ""
    is_new = False
    for line in text.splitlines():
        labelled = _labelled(line)
        if labelled is not None:
            name, value = labelled
            is_new = name not in found
            current = name
            if is_new and value:
                found[name] = value
            continue
        if not current or not is_new:
            continue
        current = _continue(found, current, line)
    return {name: value.strip()[:MOST_CHARACTERS] for name, value in found.items() if value.strip()}


def has_labels(text: str) -> bool:
    """Whether a line of the text tells something by a label."""
    return any(_labelled(line) is not None for line in text.splitlines())


def _labelled(line: str) -> tuple[str, str] | None:
    match = _LINE.match(line[:2000])
    if match is None:
        return None
    name = _NAME_OF_LABEL.get(plain_name(match[1]))
    return (name, match[2].strip().strip("*").strip()) if name else None


def _continue(found: dict[str, str], name: str, line: str) -> str:
    """A line after a label: its value where it stood alone, the rest of a message; which name goes on after it."""
    if name not in found:
        if line.strip():
            found[name] = line.strip()
            return name if name == "mensaje" else ""
        return name
    if name != "mensaje" or _END.match(line) or _is_other_label(line):
        return ""
    found[name] += "\n" + line.strip()
    return name


def _is_other_label(line: str) -> bool:
    """`Enviado desde: iPhone` is no part of the message before it, `te llamo a las 10:30` is."""
    match = re.match(r"\s*([A-ZÁÉÍÓÚÑ][\w ]{2,25}):(\s|$)", line)
    return match is not None and len(match[1].split()) <= 3
