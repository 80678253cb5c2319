"""Patients drawn at random, where clifpy reads SOFA-2 as its source says.

What they are kept from is what clifpy gets wrong; each such thing has a case of its own
in `sofa2_disagreements.py`.
"""

from random import Random


def one_day(draw: Random):
    """A story of one window of 24 hours; some organs are not seen."""
    parts = (brain, lungs, circulation, liver, haemostasis)
    seen = [told for part in parts if draw.random() < 0.9 for told in part(draw)]
    return seen + kidney(draw)


def three_days(draw: Random):
    """A story of three windows; some days some organs are not seen."""
    story, drug = [], draw.choice(["norepinephrine", "dopamine", "phenylephrine"])
    for day in range(3):
        story += [
            (24 * day + draw.uniform(0.1, 23.9), what, value)
            for what, value in (
                ("gcs_total", draw.randint(3, 15)),
                ("map", draw.randint(50, 90)),
                ("platelets", draw.randint(10, 220)),
                ("bilirubin_total", round(draw.uniform(0.2, 16), 1)),
                ("creatinine", round(draw.uniform(0.4, 5), 1)),
            )
            if draw.random() < 0.6
        ]
        if draw.random() < 0.3:
            begun = 24 * day + draw.uniform(1, 10)
            rate = round(draw.uniform(0.01, 50 if drug == "dopamine" else 0.6), 3)
            story += [(begun, drug, rate), (begun + draw.uniform(1.1, 12), drug, 0)]
        if draw.random() < 0.1:
            story.append((24 * day + draw.uniform(0.1, 23.9), "crrt", None))
    story.append((draw.uniform(0.1, 23.9), "creatinine", 1.0))
    return story


def brain(draw):
    story = [
        (draw.uniform(0.1, 23.9), "gcs_total", draw.randint(3, 15))
        for _ in range(draw.randint(0, 4))
    ]
    story += [
        (draw.uniform(0.1, 23.9), "gcs_motor", draw.randint(1, 6))
        for _ in range(draw.choice([0, 0, 1, 2]))
    ]
    if draw.random() < 0.4:  # one sedative; begun within 12 h of the window
        drug = draw.choice(["propofol", "midazolam", "fentanyl", "dexmedetomidine"])
        begun = draw.uniform(-11, 22)
        story += [(begun, drug, 2.0), (begun + draw.uniform(1, 9), drug, 0)]
    if draw.random() < 0.3:
        drug = draw.choice(["haloperidol", "quetiapine", "olanzapine", "ziprasidone"])
        story.append((draw.uniform(0.1, 23.9), drug, 2.5))
    return story


def lungs(draw):
    devices = draw.choice(
        [
            ["imv", "nippv", "cpap", "high flow nc"],
            ["face mask", "nasal cannula", "room air"],
        ]
    )
    story, device, change = [], draw.choice(devices), draw.uniform(0, 40)
    for hour in range(0, 24, draw.choice([1, 2])):
        if hour > change:
            device, change = draw.choice(devices), 40
        fio2 = draw.choice([0.3, 0.4, 0.5, 0.6, 0.8, 1.0])
        flow = None
        if device == "nasal cannula":
            fio2, flow = None, draw.choice([1, 2, 3, 4, 5, 6, 8])
        elif device == "room air":
            fio2 = None
        story.append((hour, "breathing", (device, fio2, flow)))
    story += [
        (draw.uniform(0.1, 23.9), "pao2", draw.randint(45, 200))
        for _ in range(draw.choice([0, 0, 1, 3]))
    ]
    story += [
        (draw.uniform(0.1, 23.9), "spo2", draw.randint(80, 100))
        for _ in range(draw.choice([0, 2, 6]))
    ]
    if draw.random() < 0.1:
        story.append(
            (draw.uniform(1, 23), "device", draw.choice(["ecmo_vv", "ecmo_va"]))
        )
    return story


def circulation(draw):
    story = [
        (draw.uniform(0.1, 23.9), "map", draw.randint(40, 110))
        for _ in range(draw.choice([0, 1, 3]))
    ]
    drugs = ["norepinephrine", "epinephrine", "dopamine", "dobutamine"]
    drugs += ["phenylephrine", "milrinone", "vasopressin"]
    for drug in draw.sample(drugs, draw.choice([0, 0, 1, 1, 2, 3])):
        story += _drip(draw, drug)
    if draw.random() < 0.08:
        machine = draw.choice(["iabp", "lvad", "microaxial_pump"])
        story.append((draw.uniform(1, 23), "device", machine))
    return story


def _drip(draw, drug):
    """An hour at least; rates change inside the window, and it ends with a stop."""
    most = {"dopamine": 60, "vasopressin": 0.1, "dobutamine": 20}.get(drug, 0.7)
    begun = draw.uniform(-6, 20)
    ended = begun + draw.uniform(1.1, 8)
    changes = [draw.uniform(begun, ended) for _ in range(draw.choice([0, 1, 2]))]
    told = [begun, *sorted(at for at in changes if 0.1 < at < 23.9)]
    return [
        *((at, drug, round(draw.uniform(0.01, most), 3)) for at in told),
        (ended, drug, 0),
    ]


def liver(draw):
    return [
        (draw.uniform(0.1, 23.9), "bilirubin_total", round(draw.uniform(0.2, 16), 1))
        for _ in range(draw.randint(1, 2))
    ]


def haemostasis(draw):
    return [
        (draw.uniform(0.1, 23.9), "platelets", draw.randint(10, 220))
        for _ in range(draw.randint(1, 2))
    ]


def kidney(draw):
    story = [
        (draw.uniform(-11.9, 23.9), "creatinine", round(draw.uniform(0.4, 5), 1))
        for _ in range(draw.randint(1, 2))
    ]
    acid = {
        "potassium": (3.5, 7.5),
        "ph_arterial": (7.0, 7.5),
        "ph_venous": (7.0, 7.5),
        "bicarbonate": (5, 28),
    }
    for name, reach in acid.items():
        if draw.random() < 0.4:
            value = round(draw.uniform(*reach), 2)
            story.append((draw.uniform(0.1, 23.9), name, value))
    if draw.random() < 0.5:
        story += _urine(draw)
    if draw.random() < 0.05:
        story.append((draw.uniform(0.1, 23.9), "crrt", None))
    return story


def _urine(draw):
    """Charted on the hour, from long before the window; a rate for each half day."""
    step, weight = draw.choice([1, 2, 3, 4, 6]), draw.randint(50, 110)
    rates = [
        draw.choice([0, 0.11, 0.21, 0.28, 0.41, 0.47, 0.61, 1.5]) for _ in range(8)
    ]
    story = [(-40, "weight", weight)]
    for hour in range(-36, 25, step):
        rate = rates[(hour + 36) // 12]
        story.append((hour, "urine", rate * weight * step))
    return story
