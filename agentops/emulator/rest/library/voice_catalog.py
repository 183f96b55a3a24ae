"""The voices that the platform's documentation names: its two model cards of August 2026, and ids used elsewhere in it.

Facts only, one line for each group of voices. The platform's own catalog is longer; `--seed` adds to this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

STANDARD = "lightning-v3.1"
PRO = "lightning-v3.1-pro"


@dataclass(frozen=True, slots=True)
class CatalogVoice:
    """One voice; `models` are the pools that have it, as the catalog spells them."""

    voice_id: str
    gender: str
    accent: str
    languages: tuple[str, ...]
    models: tuple[str, ...]


# pool, gender, accent, languages, ids
_GROUPS: tuple[tuple[str, str, str, str, str], ...] = (
    (STANDARD, "male", "american", "english",
     "jordan robert johnny lucas magnus ronald blofeld zorin felix malcolm daniel"),
    (STANDARD, "female", "american", "english",
     "lauren hannah vanessa brooke olivia rachel nicole elizabeth ilsa christine quinn mia nyah avery emily sophia"),
    (STANDARD, "male", "british", "english", "liam"),
    (STANDARD, "male", "canadian", "english", "william"),
    (STANDARD, "female", "canadian", "english", "erica"),
    (STANDARD, "female", "australian", "english", "chloe"),
    (STANDARD, "female", "indian", "hindi english",
     "sunidhi chinmayi aanya siya anuja avni ishani yuvika advika sana sameera srishti sakshi maya maithili"),
    (STANDARD, "male", "indian", "hindi english", "wasim rehan parth atharv vivaan devansh aarush neel mihir"),
    (STANDARD, "female", "spanish", "spanish english", "daniella camilla alba nerea"),
    (STANDARD, "male", "spanish", "spanish english", "marcos david miguel"),
    (STANDARD, "male", "indian", "tamil", "jeevan"),
    (STANDARD, "female", "indian", "tamil", "rajeshwari"),
    (STANDARD, "male", "indian", "malayalam", "vaisakh"),
    (STANDARD, "female", "indian", "malayalam", "shibi"),
    (STANDARD, "male", "indian", "telugu", "srihari"),
    (STANDARD, "female", "indian", "telugu", "padmaja"),
    (STANDARD, "female", "indian", "marathi", "rupali"),
    (STANDARD, "male", "indian", "marathi", "nilesh"),
    (STANDARD, "female", "indian", "gujarati", "niharika"),
    (STANDARD, "male", "indian", "gujarati", "dhruvit"),
    (STANDARD, "female", "indian", "kannada", "deepashri"),
    (STANDARD, "male", "indian", "kannada", "pranav"),
    (PRO, "female", "indian", "hindi english", "rhea zariya kareena mishka inaaya saira meher aarini"),
    (PRO, "male", "indian", "hindi english", "aviraj vyom zoravar reyansh ahan"),
    (PRO, "female", "british", "english", "sophie ellie cressida ottilie elowen seraphina"),
    (PRO, "male", "british", "english", "sam henry benedict cormac rupert finley"),
    (PRO, "female", "american", "english",
     "kaitlyn savannah amelia zoe ruby leah jenna kate molly sara fiona"),
    (PRO, "male", "american", "english", "blake austin jack leo luke owen"),
    (PRO, "female", "indian", "marathi", "mrunal manasi ketaki tejaswini"),
    (PRO, "male", "indian", "marathi", "mandar tushar"),
    (PRO, "female", "indian", "tamil", "malar nila tamilselvi"),
    (PRO, "male", "indian", "tamil", "mathan dinesh prabhu ezhil kavin tamizh barath sakthi murugan"),
    (PRO, "female", "indian", "malayalam", "parvathy lakshmi"),
    (PRO, "male", "indian", "malayalam", "vishnu sreenath unni aravindan"),
    (PRO, "female", "indian", "telugu", "sravani swathi"),
    (PRO, "male", "indian", "telugu", "naveen charan sasank bhaskar gopal manohar"),
    (PRO, "female", "indian", "kannada", "spoorthi rashmi varsha sahana"),
    (PRO, "male", "indian", "kannada", "rakshith kishore yogesh gowtham shankar basava"),
    (PRO, "female", "indian", "punjabi", "jasleen manmeet"),
    (PRO, "male", "indian", "punjabi", "rajdeep tejinder sukhdeep amrit gagandeep"),
    (PRO, "male", "indian", "bengali", "rajib tanmoy subhro arghya indranil"),
    (PRO, "female", "indian", "odia", "sasmita ankita"),
    (PRO, "male", "indian", "odia", "subrat debasish sambit pratik rakesh smruti"),
    (PRO, "female", "indian", "gujarati", "krupa riddhi"),
    (PRO, "male", "indian", "gujarati", "jignesh mit keval"),
    (PRO, "female", "arabic", "arabic", "layla"),
    (PRO, "male", "arabic", "arabic", "adam"),
    (PRO, "female", "chinese", "chinese", "hazel vivian"),
    (PRO, "male", "chinese", "chinese", "dylan silas eli"),
    (PRO, "female", "indonesian", "indonesian", "nora"),
    (PRO, "male", "indonesian", "indonesian", "bryce miles cole"),
    (PRO, "female", "japanese", "japanese", "aria mila daisy"),
    (PRO, "male", "japanese", "japanese", "jasper"),
    (PRO, "female", "korean", "korean", "june"),
    (PRO, "female", "malay", "malay", "sasha"),
    (PRO, "male", "malay", "malay", "roman"),
    (PRO, "male", "turkish", "turkish", "beau wes"),
    (PRO, "male", "vietnamese", "vietnamese", "kai"),
    (PRO, "female", "german", "german", "hanna lea petra"),
    (PRO, "male", "german", "german", "max ben markus finn"),
    (PRO, "female", "spanish", "spanish", "martina ines paula"),
    (PRO, "male", "spanish", "spanish", "sebastian mateo gabriel"),
    (PRO, "female", "french", "french", "manon juliette lucie elise amelie"),
    (PRO, "male", "french", "french", "louis nicolas maxime raphael"),
    (PRO, "female", "italian", "italian", "silvia concetta arianna"),
    (PRO, "male", "italian", "italian", "davide luca leonardo"),
    (PRO, "female", "brazilian", "portuguese", "juliana leticia"),
    (PRO, "male", "brazilian", "portuguese", "gustavo thiago bruno"),
    (PRO, "female", "portuguese", "portuguese", "catarina"),
    (PRO, "male", "portuguese", "portuguese", "francisco"),
    (PRO, "female", "russian", "russian", "anastasia ekaterina olga irina"),
    (PRO, "male", "russian", "russian", "andrei nikolai maksim"),
    (PRO, "female", "greek", "greek", "katerina dimitra athina"),
    (PRO, "male", "greek", "greek", "dimitris vasilis"),
    (PRO, "female", "finnish", "finnish", "aino helmi venla"),
    (PRO, "male", "finnish", "finnish", "mika timo matti"),
    (PRO, "female", "norwegian", "norwegian", "solveig marit"),
    (PRO, "male", "norwegian", "norwegian", "kristian espen"),
    (PRO, "female", "polish", "polish", "ewa joanna"),
    (PRO, "male", "polish", "polish", "tomasz jakub"),
)  # fmt: skip


def _read_groups() -> dict[str, CatalogVoice]:
    voices: dict[str, CatalogVoice] = {}
    for pool, gender, accent, languages, ids in _GROUPS:
        for voice_id in ids.split():
            if known := voices.get(voice_id):
                voices[voice_id] = replace(known, models=(*known.models, pool))
            else:
                voices[voice_id] = CatalogVoice(voice_id, gender, accent, tuple(languages.split()), (pool,))
    return voices


CATALOG = _read_groups()
