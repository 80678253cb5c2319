"""A made-up patient with sepsis, as the hospital's systems write her, hour by hour."""

from datetime import timedelta


WORDS = ("ROSSI", "AMALIA", "MRN88142", "19540302", "MILANO", "V99317")
"""What of her must be read nowhere but on ehr.raw."""


def written(at):
    return at.strftime("%Y%m%d%H%M%S+0000")


def _message(kind, control, sender, at, *segments):
    """One message; `@MRN@` stands for the patient's number."""
    header = f"MSH|^~\\&|{sender}|GENERAL|EMBER|ICU|{written(at)}||{kind}|{control}"
    told = [
        f"{header}|P|2.5.1",
        "PID|1||@MRN@^^^GENERAL^MR||ROSSI^AMALIA||19540302|F|||VIA 1^^MILANO",
        "PV1|1|I|ICU1^01|||||||||||||||V99317" + "|" * 25 + written(at),
        *segments,
    ]
    return "".join(f"{segment}\r" for segment in told).encode()


def _results(control, at, received, *results):
    told = [
        f"OBR|1||F{control}|LAB^Laboratory|||{written(at)}" + "|" * 15 + written(at)
    ]
    told += [
        f"OBX|{n}|NM|{code}^{name}^LN||{value}|{unit}|||||F|||{written(at)}"
        for n, (code, name, value, unit) in enumerate(results, 1)
    ]
    return _message("ORU^R01", control, "LAB", received, *told)


def septic(now, number="MRN88142"):
    """Admitted five hours before, well; then infected, and failing in three organs."""
    return [told.replace(b"@MRN@", number.encode()) for told in _septic(now)]


def _septic(now):
    hour = timedelta(hours=1)
    well = (
        ("2160-0", "Creatinine", 0.8, "mg/dL"),
        ("1975-2", "Bilirubin", 0.6, "mg/dL"),
        ("777-3", "Platelets", 250, "10*3/uL"),
        ("2524-7", "Lactate", 1.1, "mmol/L"),
    )
    failing = (
        ("2160-0", "Creatinine", 3.9, "mg/dL"),
        ("1975-2", "Bilirubin", 4.4, "mg/dL"),
        ("777-3", "Platelets", 45, "10*3/uL"),
        ("2524-7", "Lactate", 5.2, "mmol/L"),
    )
    begun = now - 5 * hour
    culture = (
        f"OBR|1|P1|F9|600-7^Blood culture^LN|||{written(begun + 2 * hour)}"
        "||||||||BLD&Blood|||||||" + written(begun + 2 * hour) + "||MB|I"
    )
    given = (
        "ORC|RE|P7",
        f"RXA|0|1|{written(begun + 2.5 * hour)}||VAN1^Vancomycin 1 g^LOC|1|g"
        + "|" * 13
        + "CP",
        "RXR|IV",
    )
    return [
        _message("ADT^A01", "1", "ADT", begun, f"EVN|A01|{written(begun)}"),
        _results("2", begun + 0.2 * hour, begun + 0.3 * hour, *well),
        _message("ORU^R01", "3", "LAB", begun + 2.1 * hour, culture),
        _message("RAS^O17", "4", "PHARMACY", begun + 2.6 * hour, *given),
        _results("5", begun + 3 * hour, begun + 3.2 * hour, *failing),
    ]
