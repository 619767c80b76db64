#!/usr/bin/env python3
"""demogen.py OUT: makes the generated half of the content pack from the lists in tools/demo.

It fills the catalogue of packs/binh-phuoc up to TOTAL procedures. Every one is marked "generated" (pages show that), its
code begins with "9." and everything in it "cần kiểm tra", so that none is taken for a real one. The numbers in them
come from the code alone: the same lists always give the same bytes.

demogen.py --services FILE: the same for services of the exchange; packs/demo/exchange-services.csv is made so."""
import csv
import glob
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LISTS = os.path.join(HERE, "demo")
REAL = os.path.join(HERE, "..", "packs", "binh-phuoc")
TOTAL = 1875
SERVICES = 200
FILE_ROWS = 300
VALID_FROM = ""


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def pick(code, what, n):
    """A number below n that only depends on the code."""
    digest = hashlib.sha256(f"{code} {what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % n


def both(vi, en):
    return {"vi": vi, "en": en}


def english(action, thing):
    return f"{action} {thing}"


def paper(pid, vi, en, required=True, by_form=False):
    p = {"id": pid, "name": both(vi, en), "type": "", "originals": 1, "copies": 0, "required": required,
         "reuse": False}
    if by_form:
        p["by_form"] = True
    return p


def fee(code):
    amount = [0, 0, 0, 10000, 50000, 150000, 300000][pick(code, "fee", 7)]
    if amount == 0:
        return []
    return [{"id": "phi", "name": both("Phí thẩm định (mẫu)", "Examination fee (sample)"), "amount_vnd": amount,
             "per": "case", "exempt": both("", ""), "basis": "", "check": True}]


def procedure(code, row, action):
    days = [3, 5, 7, 10, 15, 20][pick(code, "time", 6)]
    name_vi = f"{action['action_vi']} {row['object_vi']}"
    name_en = english(action["action_en"], row["object_en"])
    decides = {"level": row["level"]}
    if row["unit_kind"]:
        decides["unit_kind"] = row["unit_kind"]
    return {
        "code": code, "valid_from": VALID_FROM, "valid_to": None, "generated": True,
        "name": both(name_vi, name_en), "everyday": {"vi": [], "en": []}, "field": row["field"],
        "audience": ["citizen", "business"], "life_events": [], "decides": decides,
        "who": both("Cá nhân, tổ chức có nhu cầu (nội dung mẫu).", "Persons and organisations (sample text)."),
        "online": ["counter", "part", "full"][pick(code, "online", 3)], "minutes": 10,
        "papers": [paper("don", "Đơn đề nghị", "Application", by_form=True, required=False),
                   paper("tai-lieu", "Tài liệu kèm theo", "Supporting documents", required=False)],
        "fees": fee(code),
        "time": {"amount": days, "unit": "wd", "same_day_cutoff": "", "check": True, "note": both("", "")},
        "steps": [both("Nộp hồ sơ và nhận giấy hẹn.", "File and receive the appointment slip."),
                  both("Cơ quan có thẩm quyền xem xét.", "The competent office examines the dossier."),
                  both("Nhận kết quả.", "Receive the result.")],
        "result": {"name": both(f"Văn bản giải quyết: {name_vi[0].lower()}{name_vi[1:]}", f"Decision: {name_en}"),
                   "type": "", "template": "ket-qua-chung", "collect": ["counter", "post", "electronic"],
                   "identity_check": False},
        "basis": [], "conditions": both("", ""), "form": None, "process": None, "check": ["all"],
    }


def real_codes():
    codes = set()
    for path in glob.glob(os.path.join(REAL, "procedures", "*.json")):
        with open(path, encoding="utf-8") as f:
            j = json.load(f)
        codes.update(p["code"] for p in (j if isinstance(j, list) else [j]))
    return codes


def fill(n):
    """n procedures: the first action before every object, then the second, and so on."""
    objects = rows(os.path.join(LISTS, "catalogue.csv"))
    actions = rows(os.path.join(LISTS, "catalogue-actions.csv"))
    pairs = [(o, a) for a in actions for o in objects]
    if len(pairs) < n:
        sys.exit(f"demogen: the lists give {len(pairs)} procedures, {n} are wanted: add objects to {LISTS}/catalogue.csv")
    return [procedure(f"9.{i + 1:06d}", o, a) for i, (o, a) in enumerate(pairs[:n])]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)


def services(path):
    """What the bodies of the demo's exchange offer: a look-up for each kind of paper, in turn by body, each marked generated."""
    by_kind = {}
    for row in rows(os.path.join(LISTS, "catalogue.csv")):
        if row["unit_kind"]:
            by_kind.setdefault(row["unit_kind"], []).append(row)
    lines = ["unit_kind,code,name,name_en"]
    for k in range(max(len(v) for v in by_kind.values())):
        for kind in sorted(by_kind):
            if k < len(by_kind[kind]):
                row = by_kind[kind][k]
                cells = [kind, f"mau-{len(lines):03d}", f"Tra cứu {row['object_vi']}", f"Look up a {row['object_en']}"]
                lines.append(",".join(c.replace(",", ";") for c in cells))
    write(path, "\n".join(lines[:SERVICES + 1]) + "\n")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--services":
        return services(sys.argv[2])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = sys.argv[1]
    procedures = fill(TOTAL - len(real_codes()))
    for k in range(0, len(procedures), FILE_ROWS):
        lines = ",\n".join(json.dumps(p, ensure_ascii=False) for p in procedures[k:k + FILE_ROWS])
        write(os.path.join(out, "procedures", f"demo-{k // FILE_ROWS + 1}.json"), f"[\n{lines}\n]\n")
    with open(os.path.join(LISTS, "catalogue-fields.csv"), encoding="utf-8") as f:
        write(os.path.join(out, "procedures", "fields-demo.csv"), f.read())


if __name__ == "__main__":
    main()
