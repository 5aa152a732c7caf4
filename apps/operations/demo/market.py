"""Santiago's market in a few lists: enough for leads that an agent would believe."""

from dataclasses import dataclass

# About the value of one UF in pesos: the demo's sums need to be plausible, not exact.
UF_IN_PESOS = 39_500


@dataclass(frozen=True)
class Comuna:
    """A part of the city; `uf_per_room` is what one bedroom's worth of flat costs there."""

    name: str
    uf_per_room: int
    rent_per_room: int
    weight: int


COMUNAS = (
    Comuna("Ñuñoa", 2100, 290_000, 14),
    Comuna("Providencia", 2500, 340_000, 11),
    Comuna("Las Condes", 2900, 380_000, 11),
    Comuna("Santiago Centro", 1450, 230_000, 10),
    Comuna("La Florida", 1500, 220_000, 9),
    Comuna("Macul", 1600, 235_000, 6),
    Comuna("San Miguel", 1500, 225_000, 8),
    Comuna("La Reina", 2600, 330_000, 5),
    Comuna("Vitacura", 3900, 520_000, 4),
    Comuna("Peñalolén", 1900, 260_000, 5),
    Comuna("Maipú", 1250, 190_000, 6),
    Comuna("Puente Alto", 1050, 170_000, 5),
    Comuna("Estación Central", 1300, 210_000, 4),
    Comuna("Independencia", 1350, 215_000, 4),
    Comuna("Huechuraba", 2300, 300_000, 3),
    Comuna("Lo Barnechea", 3600, 480_000, 3),
)
BIOBIO = (
    Comuna("Concepción", 1500, 220_000, 5),
    Comuna("San Pedro de la Paz", 1700, 240_000, 3),
    Comuna("Talcahuano", 1100, 170_000, 2),
)

WOMEN = (
    "María José", "Constanza", "Francisca", "Javiera", "Catalina", "Daniela", "Paulina", "Alejandra", "Antonia",
    "Macarena", "Carolina", "Bárbara", "Ignacia", "Pía", "Marcela", "Loreto", "Verónica", "Patricia", "Rocío",
    "Natalia", "Claudia", "Andrea", "Isidora", "Trinidad", "Soledad", "Ximena", "Pamela", "Katherine", "Yasna",
)  # fmt: skip
MEN = (
    "José Miguel", "Sebastián", "Felipe", "Cristóbal", "Ignacio", "Nicolás", "Rodrigo", "Francisco", "Gonzalo",
    "Álvaro", "Pablo", "Cristian", "Mauricio", "Hernán", "Benjamín", "Vicente", "Andrés", "Patricio", "Claudio",
    "Eduardo", "Javier", "Luis", "Jorge", "Marcelo", "Esteban", "Gabriel", "Héctor", "Raúl", "Ricardo", "Óscar",
)  # fmt: skip
SURNAMES = (
    "González", "Muñoz", "Rojas", "Díaz", "Pérez", "Soto", "Contreras", "Silva", "Martínez", "Sepúlveda", "Morales",
    "Rodríguez", "López", "Fuentes", "Hernández", "Torres", "Araya", "Flores", "Espinoza", "Valenzuela", "Castillo",
    "Tapia", "Reyes", "Gutiérrez", "Castro", "Pizarro", "Álvarez", "Vásquez", "Sánchez", "Fernández", "Carrasco",
    "Gómez", "Cortés", "Herrera", "Núñez", "Jara", "Vergara", "Rivera", "Figueroa", "Riquelme", "Bravo", "Miranda",
    "Vera", "Molina", "Vega", "Campos", "Sandoval", "Orellana", "Cárdenas", "Alarcón", "Gallardo", "Zúñiga", "Ortiz",
    "Salazar", "Henríquez", "Saavedra", "Navarro", "Aguilera", "Poblete", "Lagos", "Bustos", "Cáceres", "Aravena",
)  # fmt: skip

ADS = (
    (
        "120215480011",
        "Departamentos en Ñuñoa desde UF 3.290",
        "Entrega inmediata, a pasos del metro. Agenda tu visita.",
    ),
    ("120215480027", "Tu primera vivienda con pie en 48 cuotas", "Proyectos en La Florida y San Miguel."),
    ("120215480033", "Invierte con arriendo garantizado", "Departamentos de 1 dormitorio desde UF 2.150."),
    ("120215480049", "Casas en Peñalolén con patio", "3 y 4 dormitorios, condominio con seguridad."),
)
# What an integrator's sources look like beside the channels' own names.
OUTSIDE_SOURCES = ("portal_inmobiliario", "toctoc", "sitio_web", "referido", "feria_inmobiliaria")
TAGS = (
    "primera vivienda", "crédito preaprobado", "con mascota", "urgente", "subsidio DS19", "pie listo",
    "vende para comprar", "estacionamiento", "cerca del metro", "piloto visitado", "entrega inmediata",
)  # fmt: skip
COMPANIES = (
    "Clínica San Cristóbal",
    "Constructora Maule",
    "Colegio Los Aromos",
    "Viña Quebrada Honda",
    "Estudio Prieto",
)

WON_REASONS = ("Promesa firmada", "Escritura firmada", "Contrato de arriendo firmado")
LOST_REASONS = (
    "Compró con otra corredora", "No respondió más", "Crédito rechazado por el banco", "Postergó la compra para 2027",
    "Presupuesto fuera de lo que ofrecemos",
)  # fmt: skip
AGENT_REASONS = {
    "agendado": ("Visita coordinada", "Quiere ver el piloto", "Visita con su pareja"),
    "seguimiento": ("Visitó y lo está pensando", "Espera respuesta del banco", "Pidió una segunda visita"),
    "referidos": ("Recomendó a un familiar", "Trajo a una compañera de trabajo"),
}
