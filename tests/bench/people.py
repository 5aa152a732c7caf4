"""People who could be a Latin-American brokerage's leads: names with accents, phones of three countries, tags that few
have. The same number makes the same people each time.
"""

import json
import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from apps.core.ids import uid_for

T = TypeVar("T")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(","))


def _weighed(shares: dict[T, int]) -> tuple[T, ...]:
    """Each value as often as its share: drawing one of them evenly is drawing by weight."""
    return tuple(value for value, share in shares.items() for _time in range(share))


FIRST_NAMES: Final = _words(
    """
    María José Juan Sofía Martín Sebastián Valentina Matías Camila Benjamín Isidora Joaquín Fernanda Tomás Antonia
    Nicolás Javiera Andrés Catalina Diego Constanza Felipe Daniela Ignacio Carolina Rodrigo Francisca Cristóbal
    Paula Gonzalo Bárbara Álvaro Verónica Hernán Mónica Raúl Lucía Óscar Rocío Íñigo Ángela César Inés Simón Belén
    Julián Ximena Germán Noemí Víctor Graciela Adrián Mercedes Iván Rosario Ramón Pilar Darío Estela Wálter Yolanda
    """
)
LAST_NAMES: Final = _words(
    """
    González Muñoz Rojas Díaz Pérez Soto Contreras Silva Martínez Sepúlveda Morales Rodríguez López Fuentes
    Hernández Torres Araya Flores Espinoza Valenzuela Castillo Tapia Reyes Gutiérrez Castro Pizarro Álvarez Vásquez
    Sánchez Fernández Ramírez Carrasco Gómez Cortés Herrera Núñez Jara Vergara Rivera Figueroa Riquelme García
    Miranda Bravo Vera Molina Vega Campos Sandoval Orellana Cárdenas Olivares Alarcón Gallardo Ortiz Garrido Salazar
    Guzmán Henríquez Saavedra Navarro Aguilera Parra Romero Aravena Vargas Vidal Yáñez Leiva Escobar Ruiz Peña
    Ibáñez Zúñiga Ñancupil
    """
)
CITIES: Final = ("Santiago", "Viña del Mar", "Concepción", "Bogotá", "Medellín", "Ciudad de México", "Mérida", "Temuco")
COMMUNES: Final = _listed(
    """
    Ñuñoa, Providencia, Las Condes, Maipú, La Florida, Vitacura, Peñalolén, Macul, San Miguel, Chapinero, Usaquén,
    Coyoacán, Polanco, Del Valle, Laureles, El Poblado, Reñaca, Concón, Quilpué, San Joaquín, Recoleta,
    Independencia, Lo Barnechea, Huechuraba
    """
)
PROJECTS: Final = tuple(f"Edificio {name} {number}" for name in LAST_NAMES[:50] for number in range(1, 5))
DOMAINS: Final = _weighed(
    {"gmail.com": 60, "hotmail.com": 20, "yahoo.es": 12, "outlook.cl": 7, "pehuenpropiedades.cl": 1}
)
COMPANIES: Final = ("Constructora Andina", "Inversiones Maipo", "Clínica Sur", "Estudio Río Claro", "Colegio San José")
SOURCES: Final = _weighed(
    {"whatsapp_meta": 35, "portalinmobiliario": 25, "web": 20, "meta_lead_ads": 15, "referido": 5}
)
COUNTRIES: Final = _weighed({("+569", "CL"): 60, ("+5731", "CO"): 25, ("+5255", "MX"): 15})
STAGES: Final = _weighed(
    {
        "entrada": 40,
        "perfilamiento": 20,
        "calificacion_financiera": 10,
        "agendado": 6,
        "seguimiento": 9,
        "referidos": 2,
        "ganado": 5,
        "perdido": 8,
    }
)
# The commonest tag is on a fifth of all people, the last on one of some four hundred.
TAGS: Final = _words(
    """
    depto casa inversionista primera-vivienda arriendo uf credito-preaprobado vip mascota estacionamiento terraza
    piscina feria referido extranjero moroso subsidio parcela oficina local bodega quincho metro playa
    """
)
_PLAIN: Final = {
    name: unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    for name in FIRST_NAMES + LAST_NAMES
}
CREATED_OVER: Final = timedelta(days=3 * 365)
# Coprime to the 90 million numbers of eight digits that begin with no nought: each number comes once.
_STEP, _NUMBERS, _FIRST_NUMBER = 7919, 90_000_000, 10_000_000

COLUMNS: Final = (
    "uid,phone,phone_key,first_name,last_name,email,company,city,country,address,segment,tags,attributes,source,status,"
    "score,score_parts,stage,stage_changed_at,contact_status,assigned_agent_id,is_opted_out,is_blocked,lifetime_value,"
    "total_purchases,notes,lost_reason,inbound_count,last_contacted_at,last_inbound_at,created_at,updated_at"
)
CSV_HEADER: Final = (
    "Nombre;Teléfono;Correo electrónico;Empresa;Ciudad;País;Etiquetas;Origen;Comuna;Presupuesto;Proyecto"
)


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody before anybody worked with them."""

    first_name: str
    last_name: str
    phone: str
    email: str
    company: str
    city: str
    country: str
    tags: list[str]
    source: str
    attributes: dict[str, str | int | bool]


def people(count: int, *, seed: int = 7) -> Iterator[Person]:
    """So many people, each with a phone of their own."""
    dice = random.Random(seed)
    first_at = dice.randrange(_NUMBERS)
    for number in range(count):
        digits = _FIRST_NUMBER + (first_at + number * _STEP) % _NUMBERS
        prefix, country = dice.choice(COUNTRIES)
        first, last = dice.choice(FIRST_NAMES), f"{dice.choice(LAST_NAMES)} {dice.choice(LAST_NAMES)}"
        yield Person(
            first_name=first,
            last_name=last,
            phone=f"{prefix}{digits}",
            email=f"{first[:3]}.{last.split()[0]}{number}@{dice.choice(DOMAINS)}".lower()
            if dice.random() < 0.7
            else "",
            company=dice.choice(COMPANIES) if dice.random() < 0.1 else "",
            city=dice.choice(CITIES),
            country=country,
            tags=[tag for place, tag in enumerate(TAGS, start=1) if dice.random() < 0.2 / place**1.4],
            source=dice.choice(SOURCES),
            attributes=_attributes(dice),
        )


def lead_lines(broker_id: int, count: int, agent_ids: Sequence[int], *, seed: int = 7) -> Iterator[str]:
    """Rows of COLUMNS as COPY's text: the people, some way along the pipeline."""
    dice = random.Random(seed)
    now = datetime.now(UTC)
    for number, person in enumerate(people(count, seed=seed)):
        created = now - CREATED_OVER * (1 - number / count)
        stage = dice.choice(STAGES)
        score = round(100 * dice.betavariate(1.6, 3), 2)
        touched = created + timedelta(days=dice.expovariate(1 / 20)) if dice.random() < 0.7 else None
        yield _line(
            uid_for(broker_id),
            person.phone,
            person.phone[1:],
            person.first_name,
            person.last_name,
            person.email,
            person.company,
            person.city,
            person.country,
            "",
            dice.choice(("", "", "", "vip", "regular")),
            "{" + ",".join(person.tags) + "}",
            json.dumps(person.attributes, ensure_ascii=False),
            person.source,
            _status(stage, score),
            score,
            json.dumps([{"name": "engaged", "points": 10, "most": 10}, {"name": "name", "points": 10, "most": 10}]),
            stage,
            created.isoformat(),
            "contacted" if touched else "new",
            dice.choice(agent_ids) if agent_ids and dice.random() < 0.9 else None,
            "f",
            "f",
            0,
            0,
            "",
            "Precio" if stage == "perdido" else "",
            dice.randrange(12) if touched else 0,
            touched.isoformat() if touched else None,
            touched.isoformat() if touched else None,
            created.isoformat(),
            created.isoformat(),
        )


def csv_lines(count: int, *, seed: int = 11) -> Iterator[str]:
    """The people as a brokerage's file has them: phones with spaces, tags with commas, half the names in capitals."""
    yield CSV_HEADER + "\n"
    for number, person in enumerate(people(count, seed=seed)):
        name = f"{person.first_name} {person.last_name}"
        phone = f"{person.phone[:3]} {person.phone[3:-4]}-{person.phone[-4:]}" if number % 2 else person.phone
        cells = (
            name.upper() if number % 2 else name,
            phone,
            person.email,
            person.company,
            person.city,
            person.country,
            ", ".join(person.tags),
            person.source,
            str(person.attributes["comuna"]),
            str(person.attributes.get("presupuesto", "")),
            str(person.attributes.get("proyecto", "")),
        )
        yield ";".join(cells) + "\n"


def _attributes(dice: random.Random) -> dict[str, str | int | bool]:
    known: dict[str, str | int | bool] = {"comuna": dice.choice(COMMUNES), "dormitorios": dice.randint(1, 5)}
    if dice.random() < 0.6:
        known["presupuesto"] = dice.randrange(1_500, 15_000, 50)
    if dice.random() < 0.3:
        known["proyecto"] = dice.choice(PROJECTS)
    if dice.random() < 0.4:
        known["credito_aprobado"] = dice.random() < 0.5
    return known


def _status(stage: str, score: float) -> str:
    if stage in {"ganado", "perdido"}:
        return "converted" if stage == "ganado" else "lost"
    return "hot" if score >= 70 else "warm" if score >= 40 else "cold"


def _line(*cells: object) -> str:
    return "\t".join("\\N" if cell is None else str(cell) for cell in cells) + "\n"
