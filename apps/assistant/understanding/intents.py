"""What the customer is doing with a message, apart from the facts in it."""

import re
from enum import StrEnum

from apps.assistant.understanding.text import Text


class Signal(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    BYE = "bye"
    YES = "yes"
    NO = "no"
    DONT_KNOW = "dont_know"
    DECLINES = "declines"
    WANTS_PERSON = "wants_person"
    ANGRY = "angry"
    OPT_OUT = "opt_out"


class Question(StrEnum):
    PRICE = "price"
    LOCATION = "location"
    FINANCING = "financing"
    HOURS = "hours"
    AVAILABILITY = "availability"
    PETS = "pets"
    PHOTOS = "photos"
    IDENTITY = "identity"
    REASON = "reason"
    PRIVACY = "privacy"
    OTHER = "other"


_PEOPLE = (
    r"(?:human[oa]s?|persona(?: real)?|asesora?|asesor(?:es)?|ejecutiv[oa]s?|agentes?(?: humano| inmobiliario)?"
    r"|vendedor(?:a|es)?|corredor(?:a|es)?|operador(?:a)?"
    r"|alguien|encargad[oa]|gerente|supervisora?|representante|atendente|corretor(?:a)?|pessoa|humano|consultor(?:a)?"
    r"|someone|somebody|person|human|agent"
    r"|representative|realtor|real person|manager|broker|duen[oa])"
)
_PERSON = re.compile(
    rf"\b(?:hablar|conversar|comunicar(?:me)?|contactar(?:me)?|chatear|platicar|falar|conectar|conectame|comunicame"
    rf"|comuniqueme|paseme|pasame|me pasa[ns]?|me comunica[sn]?|me contacta"
    rf"|derivame|derivar|transfier[ae](?:me)?|talk|speak|chat|atend(?:er|ido)(?: por)?|atienda|atiendame|atencion de"
    rf"|ayuda de|connect me|transfer me|hable)\b(?:\s+\S+){{0,4}}?\s+{_PEOPLE}\b"
    rf"|\b(?:quiero|quisiera|necesito|prefiero|dame|deme|busco|exijo|quero|preciso(?: de)?|i want|i need|get me"
    rf"|give me|me gustaria)\s+(?:a |an |un |una |um |uma |al |hablar con )?"
    rf"(?:human[oa]|persona(?: real)?|asesora?|ejecutiv[oa]|agente|vendedora?|corredora?|operadora?|atendente"
    rf"|real person|person|agent|human|representative|corretor)\b(?!\s+(?:de|que me venda) )"
    rf"|\balguien (?:real|de verdad|humano|que me (?:atienda|ayude|llame))\b|\b(?:que|podria|puede|pueden"
    rf"|podrian) (?:me )?llam(?:e|en|ar|arme)(?: alguien| por telefono| un| una)?\b|\bllam(?:ame|enme|eme)\b"
    r"|\bme (?:puede|pueden|podrian?|llaman?)(?: ustedes)? (?:llamar|llaman)\b|\bme llaman(?: por favor| porfa)?$"
    r"|\bcall me\b(?! \w+$)|\bme liga\b|\bpode(?:m)? me ligar\b"
    r"|\b(?:persona|asesor|agente|ejecutivo) (?:real|humano|human[oa])\b|\batencion humana\b|\bhuman please\b"
    r"|\bno quiero (?:hablar con )?(?:un |una )?(?:robot|bot|maquina|ia)\b"
)
_PERSON_ALONE = re.compile(
    r"^(?:un |una |con |con un |con una |a |an )?" + _PEOPLE + r"(?: por favor| porfa| please| pf)?$"
)
_PERSON_DENIED = re.compile(
    rf"\bno (?:quiero|necesito|hace falta|deseo|es necesario|me interesa)(?: que me)? (?:hablar|conversar|comunicar"
    rf"|llam\w+|un |una |asesor|contact\w+|atend\w+)(?!.*(?:robot|bot\b|maquina))|\bno me llam|\bsin (?:hablar con"
    rf"|pasar por) {_PEOPLE}"
)
_OPT_OUT = re.compile(
    r"\bno (?:me )?(?:vuelvan? a |vuelvas a |quiero que me )?(?:escrib|mand|envi|contact|molest|hable|manden"
    r"|llam)\w*(?: (?:mas|nunca|jamas|nada|otra vez|mensajes?|whatsapps?|publicidad))+"
    r"|\bno (?:me )?(?:vuelvan?|vuelvas) a (?:escribir|contactar|mandar|molestar|llamar|enviar|hablar)(?:me)?"
    r"|\bno me (?:escriban|escribas|contacten|contactes|manden mensajes|envien mensajes|molesten|molestes)\b(?! (?:al"
    r"|por|a este|en la|en las|de noche|hoy|a esta))"
    r"|\bdej(?:en|a|e|enme|ame) (?:de )?(?:de )?(?:escribir|mandar|molestar|enviar|contactar|llamar|hostigar|acosar"
    r"|en paz|tranquil)\w*|\bdar(?:me|se)? de baja\b|\b(?:dame|deme|denme|den|demen) de baja\b|\bquiero (?:la "
    r"|una )?baja\b"
    r"|\b(?:elimin|borr|sac|quit|remuev|suprim)\w* (?:mi|mis|me|el|este) ?(?:numero|datos|telefono|contacto|de (?:la"
    r"|su|esta|tu) (?:lista|base)|informacion)"
    r"|\b(?:saquenme|sacame|quitenme|quitame|borrenme|borrame|eliminenme|eliminame)\b(?:\s+de)?|\bno (?:quiero"
    r"|deseo) (?:recibir|mas mensajes|que me escriban|que me contacten|seguir recibiendo)"
    r"|\bcancel\w* (?:la |mi )?su?b?scripcion|\bdesuscri|\bunsubscribe\b|\bopt ?out\b|\bstop (?:messaging|texting"
    r"|writing|contacting|sending)\b|\bremove me\b|\bdo ?n[o']?t (?:contact|text|message|write) me\b|\btake me off\b"
    r"|\bdescadastr|\bpar(?:e|em|a) de (?:me )?(?:mandar|enviar|escrever|ligar)|\bnao (?:me )?(?:mande|envie|escreva"
    r"|quero receber)(?:m)?(?: mais)?|\bremov\w+ (?:meu|o meu) (?:numero|contato)|\bbasta de mensajes\b"
    r"|\bno mas mensajes\b|\bya no me escrib"
)
_OPT_OUT_ALONE = re.compile(
    r"^(?:stop|alto|baja|salir|sair|parar|cancelar|unsubscribe|basta|end|quit|fin|optout|stopall|detener|no molestar"
    r"|desuscribir|remover)$"
)
_ANGRY = re.compile(
    r"\b(?:estafa(?:dores)?|estafador[ae]?s?|ladron(?:es)?|rater[oa]s?|sinverguenzas?|chant[ao]s?|ladroes|golpistas?"
    r"|scam(?:mers?)?|ripoff|crooks?)\b"
    r"|\bmierda\b|\bimbecil(?:es)?\b|\bidiotas?\b|\bestupid[oa]s?\b|\binutil(?:es)?\b|\bincompetentes?\b"
    r"|\bpendej[oa]s?\b|\bpinches?\b|\bchingad\w*|\bchinguen\b|\bculiao?s?\b|\bculia[od]os?\b|\bctm\b"
    r"|\bconchetumare\b|\bconchatumadre\b|\bmaricon(?:es)?\b"
    r"|\bhij[oa]s? de (?:puta|perra)\b|\bhdp\b|\bputa (?:madre|la)\b|\bputo\b|\bcarajo\b|\bla puta\b"
    r"|\bforr[oa]s? de\b|\bpelotud[oa]s?\b|\bmalparid[oa]s?\b|\bgonorrea\b|\bfuck\w*|\bbullshit\b|\bshit\b|\bstupid\b"
    r"|\buseless\b|\bporra\b|\bmerda\b|\bcaralho\b|\bbabacas?\b"
    r"|\b(?:pesim[oa]|horrible|terrible|mal[ao]|asquerosa?|deplorable|pessim[oa]|awful|worst"
    r"|lousy) (?:el )?(?:servicio|atencion|atendimento|service|experiencia|trato|customer service)\b|\b(?:servicio"
    r"|atencion|atendimento|trato) (?:es |fue )?(?:muy )?(?:pesim[oa]|mal[ao]|horrible|terrible|pessimo)\b"
    r"|\bestoy (?:hart[oa]|furios[oa]|enojad[oa]|molest[oa]|indignad[oa]|choread[oa]|emputad[oa]|encabronad[oa]"
    r"|aburrid[oa] de|cansad[oa] de|chat[oa])\b|\bme (?:tienen|tienes) (?:hart[oa]|chat[oa]|aburrid[oa])\b"
    r"|\bque (?:verguenza|rabia|indignante|falta de respeto)\b|\buna verguenza\b|\bes una burla\b"
    r"|\bfalta de respeto\b|\b(?:los|les|te|lo) voy a (?:denunciar|demandar|acusar)\b|\b(?:poner|hacer"
    r"|presentar) (?:un |una )?(?:reclamo|denuncia|demanda)\b|\b(?:sernac|profeco|indecopi)\b|\b(?:quiero"
    r"|vengo a) reclamar\b"
    r"|\bno (?:entiendes|entienden|entendes) nada\b|\bya te (?:lo )?(?:dije|respondi|conteste)\b|\bcuantas veces\b"
    r"|\bno sirve[sn]? para nada\b|\bme estan? (?:hueveando|weando|vacilando|tomando el pelo)\b|\bque mala atencion\b"
    r"|\bnadie (?:me )?(?:responde|contesta)\b"
    r"|\bi'?m (?:so |very |really )?(?:angry|furious|mad|pissed)\b|\bfed up\b|\bestou (?:furios[oa]|irritad[oa]"
    r"|com raiva)\b|\bque absurdo\b|\bridiculous\b"
)
_ANGRY_DENIED = re.compile(
    r"\bno (?:estoy|soy|es que este) (?:enojad|molest|hart|furios)\w*|\bno (?:es|sea|son|sean) (?:una )?estafa"
    r"|\bsin estafas?\b"
)
_GREETING = re.compile(
    r"^\W*(?:hola+|holi+s?|buenas|buen(?:os)? dias?|buenas tardes|buenas noches|buen dia|que tal|alo|saludos|hi|hello"
    r"|hey|good (?:morning|afternoon|evening)|oi|ola|bom dia|boa tarde|boa noite)\b"
)
_THANKS = re.compile(r"\bgracias\b|\bagradec|\bthank(?:s| you)\b|\bobrigad[oa]\b|\bvaleu\b|\bgrax\b|\bte pasaste\b")
_BYE = re.compile(
    r"\b(?:chao+|chau+|adios|hasta luego|hasta pronto|nos vemos|bye|goodbye|see you|tchau|ate logo|ate mais"
    r"|que esten? bien|buen fin de semana|saludos cordiales)\b"
)
_YES = re.compile(
    r"^\W*(?:si+p?|sii+|claro|por supuesto|dale|ok(?:ey|ay)?|okis?|bueno|ya(?: po)?|obvio|exacto|correcto|afirmativo"
    r"|de acuerdo|perfecto|listo|va|sale|simon|me parece(?: bien)?|yes|yeah|yep|sure|of course|sim|claro que si"
    r"|con gusto|encantad[oa]|genial|👍|✅)(?:\b|\W|$)"
)
_NO = re.compile(
    r"^\W*(?:no+|nop|nope|nel|negativo|para nada|nao|todavia no|aun no|por ahora no|no gracias|not now"
    r"|no thanks)(?:\b|\W|$)"
)
_DONT_KNOW = re.compile(
    r"\bno (?:lo )?(?:se|tengo claro|estoy segur[oa]|tengo idea|sabria|lo he (?:pensado|decidido)|he decidido"
    r"|lo tengo claro|tengo definido)\b|\b(?:aun|todavia) no (?:lo )?(?:se|decid\w+|tengo|defin\w+|lo tengo)\b"
    r"|\bni idea\b"
    r"|\b(?:me )?(?:da|es) (?:lo mismo|igual)\b|\bcualquier(?:a\b(?! hora)| (?:zona|comuna|lugar|parte))\b"
    r"|\bno importa\b"
    r"|\bindiferente\b|\bdonde sea\b|\bdepende\b|\b(?:i )?don'?t know\b|\bnot sure\b|\bno idea\b|\bany(?:where"
    r"|thing)?\b(?= is fine|$)|\bnao sei\b|\btanto faz\b|\bqualquer\b|\bsin preferencia\b|\bes relativo\b"
)
_DECLINES = re.compile(
    r"\bprefiero no\b|\bno (?:te |le |se )?(?:lo )?(?:quiero|voy a|pienso) (?:a )?(?:decir|dar|responder|contestar"
    r"|compartir|entregar)\w*|\b(?:es|eso es) (?:privad[oa]|personal|confidencial)\b|\bque te importa\b"
    r"|\bno es asunto\b|\bdespues (?:te|le|les|se) (?:lo )?(?:digo|cuento|doy|comento)\b|\bmas adelante\b"
    r"|\bluego te\b|\bsin comentarios\b"
    r"|\bprefer not\b|\brather not\b|\bnone of your\b|\bprivate\b|\bprefiro nao\b|\bnao quero (?:dizer|informar"
    r"|falar)\b|\be (?:privado|pessoal)\b|\bme reservo\b|\bno corresponde\b|\bpaso\b$|\bpara que quieres saber\b"
    r"|\bpor que (?:quieres|necesitas) saber\b|\bdatos personales\b|\bno doy\b"
)
_ASKS = re.compile(
    r"[?¿]|^\W*(?:(?:hola|buenas|oye|disculp[ae]|y|pero|buenos dias|buenas tardes)[\s,]+)*(?:cuanto|cuantos|cuantas"
    r"|cual|cuales|donde|cuando|como|que|quien|por que|tienen|tienes|hay|aceptan|puedo|se puede|puede[ns]?|podrian?"
    r"|how|what|where|when|do you|can i|is there|are there|quanto|qual|onde|tem|posso|aceita)\b|\b(?:me|nos) (?:puede"
    r"|podria|gustaria saber)|\bquisiera saber\b|\bquiero saber\b|\bsaber (?:el|los|la|si|cuanto|donde|que)\b"
    r"|\binfo(?:rmacion)? (?:de|del|sobre|acerca)\b|\bme das\b|\bmandame\b|\benvia(?:me)?\b"
)
_QUESTIONS: tuple[tuple[Question, re.Pattern[str]], ...] = (
    (Question.IDENTITY, re.compile(
        r"\b(?:eres|sos|es usted|estoy hablando con|hablo con|are you|you are|voce e|tu es) (?:un |una |a |um "
        r"|uma )?(?:ro?bot|bot|persona|humano|humana|maquina|ia|real|human|person|ai|inteligencia)|\bquien eres\b"
        r"|\bcomo te llamas\b|\bcon quien hablo\b|\bwho are you\b|\bquem e voce\b|\bquien habla\b")),
    (Question.PRIVACY, re.compile(
        r"\bde donde (?:sacaron|saco|sacaste|obtuvieron|tienen) mi\b|\bquien (?:les|te) dio mi\b"
        r"|\bmis datos\b(?!.*elimin)|\bhow did you get my\b")),
    (Question.REASON, re.compile(
        r"\b(?:para que|por que|porque) (?:quiere[ns]?|necesita[ns]?|pide[ns]?|me pregunta[ns]?|tanta)\b"
        r"|\bwhy do you (?:need|ask|want)\b|\bpor que (?:voce )?(?:precisa|quer)\b")),
    (Question.FINANCING, re.compile(
        r"\bfinanci\w+|\bcreditos?\b|\bhipotec\w+|\bcuotas?\b|\bpie\b|\bsubsidi\w+|\binfonavit\b|\bfovissste\b"
        r"|\benganche\b|\bmortgage\b|\bcredito hipotecario\b|\bleasing\b|\bparcela(?:s|do|mento)\b|\bfinanciamento\b"
        r"|\bdown ?payment\b|\bloan\b|\bprocrear\b|\bmi vivienda\b")),
    (Question.PETS, re.compile(
        r"\bmascotas?\b|\bperr[oa]s?\b|\bgat[oa]s?\b|\bpet\w*\b|\bdogs?\b|\bcats?\b|\banimales\b|\bcachorros?\b")),
    (Question.PRICE, re.compile(
        r"\bprecios?\b|\bcuanto (?:cuesta|vale|sale|es|esta|cobran|piden|seria|queda)\w*|\bvalor(?:es)?\b|\bcosto\b"
        r"|\bhow much\b|\bprices?\b|\bcost\b|\bquanto (?:custa|e|fica)\b|\bpreco\b|\bdesde cuanto\b"
        r"|\barriendo cuanto\b|\bcomision\w*\b|\bgastos comunes\b|\bexpensas\b|\bcotiza\w*\b")),
    (Question.PHOTOS, re.compile(
        r"\bfotos?\b|\bfotografias?\b|\bvideos?\b|\bplanos?\b|\bimagenes\b|\bphotos?\b|\bpictures?\b|\btour virtual\b"
        r"|\bfolleto\b|\bbrochure\b|\bficha\b")),
    (Question.HOURS, re.compile(
        r"\bhorarios?\b|\ba que hora\b|\bhoras? (?:de )?(?:atencion|atienden)\b|\bcuando (?:se )?(?:puedo|puede"
        r"|podria|atienden|abren|visitar|pueden)\b|\b(?:atienden|abren|trabajan) (?:los|el|hoy|manana|en)\b"
        r"|\bque dias?\b|\bopening hours\b|\bwhen can i\b|\bhorario\b|\bdisponibilidad para visitar\b")),
    (Question.LOCATION, re.compile(
        r"\bdonde (?:queda|esta|se ubica|es|estan|quedan|se encuentra)\w*|\bubica(?:cion|do|da|n)\b|\bdireccion\b"
        r"|\bque (?:comuna|sector|barrio|colonia|calle|zona)\b|\bwhere is\b|\blocation\b|\baddress\b|\bonde (?:fica"
        r"|e)\b|\bendereco\b|\bcerca de(?:l)? metro\b")),
    (Question.AVAILABILITY, re.compile(
        r"\bdisponibles?\b|\b(?:tienen|tienes|hay|tendran|tendras|manejan|queda[ns]?|venden|arriendan|rentan"
        r"|alquilan)\b|\bavailable\b|\bdo you have\b|\bis there\b|\btem\b|\bdisponive(?:l|is)\b|\bsigue en (?:venta"
        r"|arriendo)\b|\bopciones\b")),
)  # fmt: skip


def find_signals(text: Text) -> frozenset[Signal]:
    folded = text.folded.strip()
    bare = re.sub(r"[^\w ]+", "", folded).strip()
    found = {signal for signal, pattern in _SIMPLE if pattern.search(folded)}
    if _OPT_OUT_ALONE.match(bare) or _OPT_OUT.search(folded):
        found.add(Signal.OPT_OUT)
    if _PERSON_ALONE.match(bare) or (_PERSON.search(folded) and not _PERSON_DENIED.search(folded)):
        found.add(Signal.WANTS_PERSON)
    if _ANGRY.search(folded) and not _ANGRY_DENIED.search(folded) and not _is_doubt(folded):
        found.add(Signal.ANGRY)
    if Signal.DONT_KNOW in found or Signal.DECLINES in found:
        found.discard(Signal.NO)
    return frozenset(found)


def find_question(text: Text) -> Question | None:
    folded = text.folded.strip()
    if not _ASKS.search(folded):
        return None
    for question, pattern in _QUESTIONS:
        if pattern.search(folded):
            return question
    return Question.OTHER if "?" in folded and len(re.findall(r"[a-z]{2,}", folded)) > 1 else None


def _is_doubt(folded: str) -> bool:
    """ "¿No será una estafa?" asks for trust; it is not an insult."""
    return "?" in folded and re.search(r"\bestafa\b|\bscam\b", folded) is not None and "!" not in folded


_SIMPLE: tuple[tuple[Signal, re.Pattern[str]], ...] = (
    (Signal.GREETING, _GREETING),
    (Signal.THANKS, _THANKS),
    (Signal.BYE, _BYE),
    (Signal.YES, _YES),
    (Signal.NO, _NO),
    (Signal.DONT_KNOW, _DONT_KNOW),
    (Signal.DECLINES, _DECLINES),
)
