"""The patient as HL7 v2.5.1: ADT, ORU, RAS and a discharge; every name is made up."""

from itertools import count


SITE = """
site: one-patient
zone: UTC
wards:
  ED: {level: emergency}
  W1: {level: ward}
  ITU: {level: icu}
codes:
  - {system: L, code: DEVICE, kind: support}
  - {system: L, code: NC, kind: support, concept: oxygen}
  - {system: L, code: ETT, kind: support, concept: invasive}
  - {system: L, code: URINE, kind: fluid, concept: urine}
  - {system: L, code: PO2ART, concept: pao2, specimen: arterial}
"""
"""What the site must be told: its wards, and codes that no LOINC stands for."""

VITALS = {
    "heart_rate": ("8867-4", "/min"),
    "map": ("8478-0", "mm[Hg]"),
    "resp_rate": ("9279-1", "/min"),
    "temperature": ("8310-5", "Cel"),
    "spo2": ("59408-5", "%"),
    "weight": ("29463-7", "kg"),
    "fio2": ("3150-0", "%"),
    "peep": ("20077-4", "cm[H2O]"),
    "gcs_total": ("9269-2", "{score}"),
}
LABS = {
    "creatinine": ("2160-0", "mg/dL"),
    "bilirubin_total": ("1975-2", "mg/dL"),
    "platelets": ("777-3", "10*3/uL"),
    "lactate": ("32693-4", "mmol/L"),
}
PID = (
    "PID|1||00077^^^ONE^MR||Testperson^Erika^^^^^L||20870514|F|||"
    "1 Made Up Road^^Nowhere||^PRN^PH^^^^5550100"
)


def messages() -> list[bytes]:
    """All of it, in the order in which a hospital would send it."""
    return [text.encode() for text in _all()]


def _all():
    numbers = count(1)

    def message(kind, time, *segments):
        head = f"MSH|^~\\&|EHR|ONE|EMBER|ONE|{time}00||{kind}|{next(numbers)}|P|2.5.1"
        return "\r".join((head, *segments)) + "\r"

    def adt(trigger, time, ward, **more):
        return message(
            f"ADT^{trigger}", time, f"EVN|{trigger}|{time}", PID, pv1(ward, **more)
        )

    def pv1(ward, *, klass="I", prior="", disposition="", left=""):
        fields = {
            1: "1",
            2: klass,
            3: f"{ward}^1^1",
            6: prior,
            19: "00881",
            36: disposition,
            44: "215003010800",
            45: left,
        }
        return "PV1|" + "|".join(fields.get(n, "") for n in range(1, 46)).rstrip("|")

    def oru(time, order, obr, *results, ward="W1"):
        return message("ORU^R01", time, PID, pv1(ward), order, obr, *results)

    def vitals(time, ward="W1", **values):
        results = [
            f"OBX|{n}|NM|{VITALS[name][0]}^{name}^LN||{value}|{VITALS[name][1]}"
            f"|||||F|||{time}"
            for n, (name, value) in enumerate(values.items(), start=1)
        ]
        obr = f"OBR|1|||85353-1^Vital signs^LN|||{time}|||||||||||||||{time}|||F"
        return message("ORU^R01", time, PID, pv1(ward), obr, *results)

    def charted(time, code, kind, value, unit="", ward="ITU"):
        obr = f"OBR|1|||CHART^Charted^L|||{time}|||||||||||||||{time}|||F"
        obx = f"OBX|1|{kind}|{code}^{code}^L||{value}|{unit}|||||F|||{time}"
        return message("ORU^R01", time, PID, pv1(ward), obr, obx)

    def given(time, number, drug, amount, unit, *, per="", note="", end=""):
        return message(
            "RAS^O17",
            time,
            PID,
            pv1("ITU"),
            f"ORC|RE|{number}|||||||{time}",
            f"RXA|0|{number}|{time}|{end}|{drug}|{amount}|{unit}||{note}|||{per}"
            "||||||||CP",
            "RXR|IV^Intravenous^HL70162",
        )

    yield adt("A01", "215003010800", "ED", klass="E")
    yield vitals(
        "215003010900",
        "ED",
        heart_rate=118,
        map=71,
        resp_rate=26,
        temperature=38.9,
        spo2=91,
        gcs_total=14,
    )
    yield charted("215003010900", "DEVICE", "CWE", "NC^Nasal cannula^L", ward="ED")
    yield oru(
        "215003011020",
        "ORC|RE|P1|F1",
        "OBR|1|P1|F1|24323-8^Panel^LN|||215003010930|||||||215003010940"
        "||||||||215003011020|||F",
        *(
            f"OBX|{n}|{'SN' if str(value)[0] == '<' else 'NM'}|{LABS[name][0]}^{name}^LN"
            f"||{value}|{LABS[name][1]}|||||F|||215003011015"
            for n, (name, value) in enumerate(
                {
                    "creatinine": 1.9,
                    "bilirubin_total": "<^0.2",
                    "platelets": 92,
                    "lactate": 4.1,
                }.items(),
                start=1,
            )
        ),
        ward="ED",
    )
    yield message(
        "OML^O21",
        "215003010945",
        PID,
        pv1("ED"),
        "ORC|NW|P2|F2|||||||215003010940",
        "OBR|1|P2|F2|600-7^Bacteria identified in Blood by Culture^LN|||215003010940",
        "SPM|1|S2||BLD^BLOOD CULTURE^L|||||||||||||215003010940",
    )
    yield given("215003011010", "M1", "2193^ceftriaxone^RXNORM", 2, "g^gram^UCUM")
    yield adt("A02", "215003011100", "W1", prior="ED^1^1")
    yield adt("A02", "215003012000", "ITU", prior="W1^1^1")
    yield vitals("215003012015", "ITU", map=58, weight=70)
    yield given(
        "215003012030", "M2", NOREPINEPHRINE, 0.05, RATE, note="^New Bag/Syringe start"
    )
    yield charted("215003012100", "DEVICE", "CWE", "ETT^Endotracheal tube^L")
    yield vitals("215003012100", "ITU", fio2=60, peep=10)
    yield oru(
        "215003012140",
        "ORC|RE|P3|F3",
        "OBR|1|P3|F3|24338-6^Gas panel^LN|||215003012130|||||||215003012135"
        "||||||||215003012140|||F",
        "OBX|1|NM|PO2ART^Arterial pO2^L||74|mmHg|||||F|||215003012135",
        ward="ITU",
    )
    yield given("215003012200", "M2", NOREPINEPHRINE, 0.2, RATE, note="^rate change")
    yield charted("215003012200", "URINE", "NM", 40, "mL")
    yield charted("215003020600", "URINE", "NM", 310, "mL")
    yield oru(
        "215003020630",
        "ORC|RE|P4|F4",
        "OBR|1|P4|F4|32693-4^Lactate^LN|||215003020600|||||||215003020605"
        "||||||||215003020630|||F",
        "OBX|1|NM|32693-4^lactate^LN||1.6|mmol/L|||||F|||215003020620",
        ward="ITU",
    )
    yield given("215003021010", "M3", "2193^ceftriaxone^RXNORM", 2, "g^gram^UCUM")
    yield given("215003021400", "M2", NOREPINEPHRINE, 0, RATE, note="^stopped")
    yield charted("215003030900", "DEVICE", "CWE", "NC^Nasal cannula^L")
    yield oru(
        "215003031000",
        "ORC|RE|P2|F2",
        "OBR|1|P2|F2|600-7^Bacteria identified in Blood by Culture^LN|||215003010940"
        "|||||||215003010950||||||||215003031000||MB|F",
        "OBX|1|CWE|600-7^Bacteria identified^LN|1|ECOL^ESCHERICHIA COLI^L||||||F"
        "|||215003031000",
        "OBX|2|ST|18895-3^Ceftriaxone [Susceptibility]^LN|1|S|||S|||F",
        "OBX|3|ST|18906-8^Ciprofloxacin [Susceptibility]^LN|1|R|||R|||F",
        "SPM|1|S2||BLD^BLOOD CULTURE^L|||||||||||||215003010940",
        ward="ITU",
    )
    yield adt("A02", "215003031500", "W1", prior="ITU^1^1")
    discharge = adt("A03", "215003051200", "W1", disposition="01", left="215003051200")
    yield (
        discharge + "DG1|1||A41.51^Sepsis due to Escherichia coli^I10||215003051200|F\r"
    )


NOREPINEPHRINE = "7512^norepinephrine^RXNORM"
RATE = "ug/kg/min^ug/kg/min^UCUM"
