"""Comunas, cities and well-known zones where brokers work, as people call them. "Name=alias=alias" lists spellings."""

CHILE = """
Cerrillos|Cerro Navia|Conchalí|El Bosque|Estación Central=est central|Huechuraba|Independencia|La Cisterna
La Florida|La Granja
La Pintana|La Reina|Las Condes|Lo Barnechea=barnechea|Lo Espejo|Lo Prado|Macul|Maipú|Ñuñoa=nunoa=ñuñork
Pedro Aguirre Cerda=pac
Peñalolén|Providencia=provi|Pudahuel|Quilicura|Quinta Normal|Recoleta|Renca|San Joaquín|San Miguel|San Ramón
Santiago Centro=stgo centro=santiago centro=scl centro|Santiago=stgo|Vitacura|Puente Alto=pte alto|Pirque
San José de Maipo|Colina
Lampa|Tiltil|San Bernardo|Buin|Calera de Tango|Paine|Melipilla|Alhué|Curacaví|María Pinto
San Pedro de Melipilla|Talagante
El Monte|Isla de Maipo|Padre Hurtado|Peñaflor|Chicureo|La Dehesa|El Golf|Barrio Lastarria=lastarria
Barrio Italia|Bellavista
Ciudad Empresarial|Santa María de Manquehue|Lo Curro|Plaza Egaña|Barrio Yungay|Barrio Brasil|Tobalaba
Los Dominicos|San Carlos de Apoquindo
Arica|Iquique|Alto Hospicio|Antofagasta|Calama|Tocopilla|Mejillones|Copiapó|Caldera|Vallenar|La Serena
Coquimbo|Ovalle|Illapel|Tongoy
Valparaíso=valpo|Viña del Mar=vina=viña|Concón|Reñaca|Quilpué|Villa Alemana|Limache|Olmué|Quillota|La Calera
San Antonio|Cartagena
El Quisco|El Tabo|Algarrobo|Santo Domingo|Casablanca|Los Andes|San Felipe|La Ligua|Papudo|Zapallar|Maitencillo
Puchuncaví|Quintero
Rancagua|Machalí|San Fernando|Pichilemu|Santa Cruz|Rengo|Graneros|Talca|Curicó|Linares|Constitución|Cauquenes
Maule|Molina
Chillán|Chillán Viejo|San Carlos|Concepción=conce|Talcahuano|San Pedro de la Paz|Hualpén|Chiguayante|Coronel
Lota|Penco|Tomé|Los Ángeles
Temuco|Padre Las Casas|Villarrica|Pucón|Angol|Victoria|Lautaro|Valdivia|La Unión|Osorno|Puerto Montt=pto montt
Puerto Varas=pto varas
Frutillar|Llanquihue|Castro|Ancud|Quellón|Chiloé|Calbuco|Coyhaique|Puerto Aysén|Puerto Natales
Punta Arenas=pta arenas
"""

MEXICO = """
Ciudad de México=cdmx=df=d.f.=mexico df=cd de mexico|Guadalajara=gdl|Monterrey=mty|Puebla|Querétaro=qro
Tijuana|León|Ciudad Juárez=cd juarez
Mérida|Cancún|Playa del Carmen|Tulum|San Luis Potosí=slp|Aguascalientes|Hermosillo|Saltillo|Mexicali|Culiacán
Acapulco|Chihuahua|Morelia
Toluca|Veracruz|Boca del Río|Xalapa=jalapa|Villahermosa|Tuxtla Gutiérrez|Oaxaca|Cuernavaca|Durango|Torreón
Mazatlán|Los Cabos
Cabo San Lucas|San José del Cabo|La Paz|Puerto Vallarta=vallarta|Nuevo Vallarta|Riviera Nayarit|Tepic|Colima
Manzanillo|Zacatecas
San Miguel de Allende|Guanajuato|Irapuato|Celaya|Pachuca|Tlaxcala|Tampico|Reynosa|Matamoros|Nuevo Laredo
Ensenada|Rosarito|Campeche
Chetumal|Valle de Bravo|Tepoztlán|Metepec|Zapopan|Tlaquepaque|Tonalá|Tlajomulco|Chapala|Ajijic
San Pedro Garza García=san pedro garza garcia=garza garcia
Apodaca|Santa Catarina|San Nicolás de los Garza|Guadalupe Nuevo León|Cumbres|Contry|Carretera Nacional|Polanco
Condesa=la condesa
Roma Norte=la roma=colonia roma|Roma Sur|Del Valle=colonia del valle|Narvarte|Coyoacán|Santa Fe|Interlomas
Tlalpan|Xochimilco|Iztapalapa|Benito Juárez
Miguel Hidalgo|Cuauhtémoc|Azcapotzalco|Gustavo A. Madero|Álvaro Obregón|Cuajimalpa|Lomas de Chapultepec
Bosques de las Lomas|Nápoles|Escandón
Juárez=colonia juarez|San Ángel|Pedregal|Anzures|Satélite|Naucalpan|Tlalnepantla|Atizapán|Ecatepec
Huixquilucan|Cuautitlán Izcalli
Angelópolis|Cholula|Juriquilla|El Refugio|Zibatá|Providencia Guadalajara|Puerta de Hierro|Andares|Temozón
Cabo Norte|Nuevo León|Jalisco
Yucatán|Quintana Roo|Estado de México=edomex
"""

ARGENTINA = """
Buenos Aires=bs as=bsas|Capital Federal=caba=capital|Palermo|Palermo Soho|Palermo Hollywood|Recoleta|Belgrano
Caballito|Villa Crespo
Villa Urquiza|Almagro|Balvanera|San Telmo|Puerto Madero|Núñez|Colegiales|Flores|Floresta|Boedo|Barracas
La Boca|Retiro|Saavedra|Coghlan
Villa Devoto=devoto|Villa del Parque|Villa Luro|Liniers|Mataderos|Parque Patricios|Parque Chacabuco|Chacarita
Monserrat|Barrio Norte
Las Cañitas|San Isidro|Vicente López|Olivos|Martínez|Acassuso|Beccar|Tigre|Nordelta|San Fernando|Pilar|Escobar
Morón|Ramos Mejía
Haedo|Castelar|Ituzaingó|Lomas de Zamora|Lanús|Avellaneda|Quilmes|Bernal|Adrogué|Banfield|Temperley|Ezeiza
Canning|La Plata|City Bell
Mar del Plata=mardel=mdq|Pinamar|Villa Gesell|Cariló|Bahía Blanca|Tandil|Córdoba|Villa Carlos Paz=carlos paz
Nueva Córdoba|Rosario|Funes|Santa Fe
Mendoza|Godoy Cruz|Chacras de Coria|San Rafael|Tucumán|San Miguel de Tucumán|Yerba Buena|Salta|Jujuy|Neuquén
Bariloche|San Martín de los Andes
Villa La Angostura|Ushuaia|Comodoro Rivadavia|Puerto Madryn|Paraná|Corrientes|Resistencia|Posadas|Formosa
San Juan|San Luis|La Rioja|Catamarca|Santiago del Estero
"""

COLOMBIA = """
Bogotá|Medellín|Cali|Barranquilla|Cartagena=cartagena de indias|Bucaramanga|Pereira|Manizales|Armenia
Santa Marta|Ibagué|Cúcuta|Villavicencio
Pasto|Neiva|Montería|Valledupar|Popayán|Tunja|Sincelejo|Envigado|Sabaneta|Itagüí|Bello|Rionegro|La Estrella
El Retiro|Laureles
El Poblado=poblado|Belén|Chapinero|Usaquén|Suba|Cedritos|Chicó=el chico|Rosales|Santa Bárbara|Teusaquillo
Kennedy|Fontibón|Engativá|Salitre
Ciudad Salitre|Colina Campestre|Niza|La Calera|Chía|Cajicá|Zipaquirá|Cota|Sopó|Soacha|Mosquera|Funza|Girardot
Anapoima|Jamundí|Palmira
Ciudad Jardín|Granada|El Peñón|Floridablanca|Girón|Piedecuesta|Soledad|Puerto Colombia|Bocagrande|Manga|Crespo
Castillogrande|Llanogrande|El Rodadero
Dosquebradas|San Andrés
"""

PERU = """
Lima|Miraflores|San Isidro|Barranco|Santiago de Surco=surco|San Borja|La Molina|Jesús María|Lince
Magdalena del Mar=magdalena|Pueblo Libre|San Miguel
Surquillo|Chorrillos|Breña|Cercado de Lima|La Victoria|San Luis|Ate|Santa Anita|San Juan de Lurigancho=sjl
San Juan de Miraflores=sjm
Villa El Salvador|Villa María del Triunfo|Los Olivos|San Martín de Porres=smp|Comas|Independencia|Carabayllo
Puente Piedra|Rímac|El Agustino
Callao|Bellavista|La Perla|Ventanilla|Lurín|Pachacámac|Punta Hermosa|Asia|Chaclacayo|Chosica|Cieneguilla
Arequipa|Cayma|Yanahuara|Cerro Colorado
Trujillo|Víctor Larco|Chiclayo|Piura|Castilla|Sullana|Máncora|Cusco=cuzco|Huancayo|Iquitos|Tacna|Ica|Paracas
Chimbote|Cajamarca|Puno|Juliaca|Tarapoto|Pucallpa|Ayacucho|Huaraz|Tumbes
"""

BRAZIL = """
São Paulo=sampa|Rio de Janeiro|Belo Horizonte|Curitiba|Porto Alegre|Florianópolis=floripa|Brasília|Salvador
Fortaleza|Recife|Campinas
Santos|Goiânia|Balneário Camboriú|Copacabana|Ipanema|Leblon|Barra da Tijuca|Botafogo|Moema|Pinheiros
Vila Mariana|Jardins|Itaim Bibi
"""

BY_COUNTRY = {"CL": CHILE, "MX": MEXICO, "AR": ARGENTINA, "CO": COLOMBIA, "PE": PERU, "BR": BRAZIL}

# Also a person's name, a surname or an everyday word: a place only after "en", "por" and the like,
# or when the place was asked.
AMBIGUOUS = frozenset(
    name
    for line in """
santiago|concepcion|los angeles|rosario|victoria|leon|merida|cordoba|trujillo|lima|soledad|pilar|magdalena
flores|nunez
martinez|belen|armenia|castro|granada|manga|tigre|bello|kennedy|condesa|juarez|retiro|capital|castilla|ate
asia|ica|cota|chia
suba|cali|rosales|colina|lota|tome|angol|maule|molina|coronel|linares|constitucion|independencia|pac|vina
recoleta|cartagena
satelite|napoles|cumbres|crespo|salta|pereira|santos|salvador|fortaleza|recife|jardins|moema|pinheiros|funes
mendoza
escobar|avellaneda|moron|bernal|posadas|corrientes|resistencia|formosa|san juan|san luis|san antonio
santa cruz|santa barbara
la paz|la victoria|san miguel|el bosque|el monte|la granja|la union|la perla|la reina|bellavista|provi|df
el retiro|la estrella
belgrano|saavedra|palermo|almagro|olivos|lautaro|castelar|liniers|lince|lampa|colima|pasto|neiva|chico
el chico|guanajuato
durango|torreon|zacatecas|tulum|pedregal|del valle|miguel hidalgo|benito juarez|caldera|papudo|santo domingo
san carlos
san fernando|san felipe|san rafael|conce|capital federal|casablanca|puno|chapala|colegiales|canning
gustavo a. madero|alvaro obregon
valdivia|lagos|arica|tomas|olmue|cerrillos|victor larco|rimac|santa fe|contry|pirque|cuauhtemoc|la boca
la calera|granada|coghlan
""".splitlines()
    for name in line.split("|")
    if name
)
