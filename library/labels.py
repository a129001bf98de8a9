"""Code -> word. The English words are message ids; the catalogues hold the Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from babel import Locale

from .benchmark_labels import BENCHMARK_LABELS
from .call_labels import CALL_LABELS, CALL_PARTS
from .case_labels import CASE_LABELS
from .decision_labels import DECISION_LABELS
from .entry_labels import ENTRY_LABELS
from .expert_labels import EXPERT_LABELS
from .language import N_ as N_
from .notice_labels import NOTICE_LABELS
from .review_labels import REVIEW_LABELS

NETWORKS: Mapping[str, str] = {
    "nb-iot": N_("NB-IoT"),
    "lte-m": N_("LTE-M"),
    "lte-cat1": N_("LTE Cat1"),
    "4g": N_("4G"),
    "5g": N_("5G"),
    "redcap": N_("5G RedCap"),
    "3g": N_("3G"),
    "2g": N_("2G"),
    "other": N_("Other cellular"),
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "network": NETWORKS,
    "origin": {
        "collected": N_("Public sources"),
        "submitted": N_("Submitted"),
        "demo": N_("Demonstration"),
    },
    "status": {
        "pilot": N_("Pilot"),
        "live": N_("In service"),
        "ended": N_("Ended"),
        "unknown": N_("Not stated"),
    },
    "count_kind": {
        "stated": N_("stated"),
        "online": N_("online"),
        "installed": N_("installed"),
        "contracted": N_("contracted"),
        "planned": N_("planned"),
    },
    "scope": {
        "project": N_("project"),
        "operator": N_("operator total"),
        "city": N_("city total"),
    },
    "scale": {
        "100m": N_("100 M"),
        "10m": N_("10 M"),
        "1m": N_("1 M"),
        "100k": N_("100 k"),
        "10k": N_("10 k"),
        "0": N_("Below 10 k"),
        "planned": N_("Planned or contracted only"),
        "total": N_("Operator or city total"),
        "unknown": N_("Not reported"),
    },
    "role": {
        "owner": N_("Owner"),
        "operator": N_("Network operator"),
        "resale": N_("Resale enterprise"),
        "chip": N_("Chip"),
        "module": N_("Module"),
        "terminal": N_("Terminal"),
        "platform": N_("Platform"),
        "integrator": N_("Integrator"),
        "user": N_("User"),
        "other": N_("Party"),
    },
    "section": {
        "background": N_("Background"),
        "solution": N_("What was built"),
        "results": N_("What came of it"),
        "plans": N_("What comes next"),
    },
    "novelty": {
        "product": N_("New product"),
        "form": N_("New form of business"),
        "model": N_("New model"),
    },
    "sort": {
        "relevance": N_("Relevance"),
        "newest": N_("Newest figure"),
        "connections": N_("Connections"),
        "title": N_("Title"),
    },
    "facet": {
        "direction": N_("Direction"),
        "sector": N_("Sector"),
        "technology": N_("Key technology"),
        "network": N_("Network"),
        "country": N_("Country"),
        "province": N_("Province"),
        "scale": N_("Rung reached, as stated"),
        "status": N_("Deployment"),
        "year": N_("Year of the figure"),
        "origin": N_("Origin"),
    },
    "year": {"unknown": N_("No date given")},
    # What an event is about, before its number.
    "subject": {
        "case": N_("Case"),
        "call": N_("Call"),
        "entry": N_("Entry"),
        "expert": N_("Expert"),
        "expert_invitation": N_("Invitation of an expert"),
        "tie": N_("Tie between organisations"),
        "assignment": N_("Plan of assignment"),
        "review": N_("Expert review"),
        "run": N_("Ranking run"),
        "list": N_("List of the selected"),
        "notice": N_("Public notice"),
        "objection": N_("Objection"),
        "benchmark": N_("Benchmark project"),
        "submission": N_("Submission"),
        "report": N_("Report of a reader"),
        "link": N_("Link with a case"),
        "batch": N_("Selection at the desk"),
        "import": N_("Imported table"),
        "rule": N_("Rule"),
        "rules": N_("Packaged rules"),
        "calendar": N_("Working days"),
        "day": N_("Day"),
        "desk": N_("Desk"),
        "taxonomy": N_("Taxonomy"),
        "statistics": N_("Statistics"),
        "organisation": N_("Organisation"),
        "person": N_("Person"),
        "invitation": N_("Invitation"),
        "grant": N_("Grant"),
        "letter": N_("Letter"),
        "system": N_("The library itself"),
        "operator": N_("The operator's command line"),
        "seed": N_("Packaged cases"),
        "visitor": N_("A visitor"),
    },
    "organisation_kind": {
        "enterprise": N_("Enterprise"),
        "operator": N_("Network operator"),
        "resale": N_("Resale enterprise"),
        "institute": N_("Institute or university"),
        "investor": N_("Investor"),
        "authority": N_("Authority"),
        "other": N_("Other body"),
    },
    "organisation_state": {
        "unverified": N_("Not verified"),
        "asked": N_("Waits for verification"),
        "verified": N_("Verified by the library"),
        "closed": N_("Closed"),
    },
    "organisation_field": {
        "name_zh": N_("Chinese name"),
        "name_en": N_("English name"),
        "kind": N_("Type of organisation"),
        "credit_code": N_("Unified Social Credit Code"),
        "province": N_("Province"),
    },
    "membership": {
        "owner": N_("owner"),
        "editor": N_("editor"),
        "commenter": N_("commenter"),
    },
    "membership_means": {
        "owner": N_("Owner: keeps the organisation and its members, writes and submits its cases."),
        "editor": N_("Editor: writes its cases and submits them."),
        "commenter": N_("Commenter: reads its drafts and remarks on them."),
    },
    "token_scope": {
        "read": N_("Read"),
        "cases:write": N_("Write and submit cases"),
        "entries:write": N_("Enter calls, recommend entries"),
    },
    "import_state": {
        "waiting": N_("Being read"),
        "checked": N_("Checked, nothing written yet"),
        "refused": N_("Not taken"),
        "accepted": N_("Being written"),
        "done": N_("Written"),
    },
    "letter_state": {
        "queued": N_("On its way"),
        "held": N_("Held"),
        "sent": N_("Sent"),
        "failed": N_("Failed"),
        "discarded": N_("Thrown away"),
    },
    "letter_move": {
        "letter.hold": N_("Hold"),
        "letter.release": N_("Send"),
        "letter.discard": N_("Throw away"),
    },
    "ground": {
        "error": N_("Something is wrong"),
        "removal": N_("I ask for the case to be removed"),
    },
    "field": {
        "title": N_("Title"),
        "summary": N_("Summary"),
        "body": N_("Text"),
        "party": N_("Organisation"),
        "sector": N_("Sector"),
        "place": N_("Place"),
        "term": N_("Terms"),
    },
    **CASE_LABELS,
    **CALL_LABELS,
    **BENCHMARK_LABELS,
    **DECISION_LABELS,
    **ENTRY_LABELS,
    **EXPERT_LABELS,
    **NOTICE_LABELS,
    **REVIEW_LABELS,
    "part": {**CASE_LABELS["part"], **CALL_PARTS},
}

# GB/T 2260, the first two digits. The Chinese names are the short ones in daily use.
PROVINCES: Mapping[str, tuple[str, str]] = {
    "11": ("Beijing", "北京"),
    "12": ("Tianjin", "天津"),
    "13": ("Hebei", "河北"),
    "14": ("Shanxi", "山西"),
    "15": ("Inner Mongolia", "内蒙古"),
    "21": ("Liaoning", "辽宁"),
    "22": ("Jilin", "吉林"),
    "23": ("Heilongjiang", "黑龙江"),
    "31": ("Shanghai", "上海"),
    "32": ("Jiangsu", "江苏"),
    "33": ("Zhejiang", "浙江"),
    "34": ("Anhui", "安徽"),
    "35": ("Fujian", "福建"),
    "36": ("Jiangxi", "江西"),
    "37": ("Shandong", "山东"),
    "41": ("Henan", "河南"),
    "42": ("Hubei", "湖北"),
    "43": ("Hunan", "湖南"),
    "44": ("Guangdong", "广东"),
    "45": ("Guangxi", "广西"),
    "46": ("Hainan", "海南"),
    "50": ("Chongqing", "重庆"),
    "51": ("Sichuan", "四川"),
    "52": ("Guizhou", "贵州"),
    "53": ("Yunnan", "云南"),
    "54": ("Xizang (Tibet)", "西藏"),
    "61": ("Shaanxi", "陕西"),
    "62": ("Gansu", "甘肃"),
    "63": ("Qinghai", "青海"),
    "64": ("Ningxia", "宁夏"),
    "65": ("Xinjiang", "新疆"),
    "71": ("Taiwan", "台湾"),
    "81": ("Hong Kong", "香港"),
    "82": ("Macao", "澳门"),
}


def province(code: str, lang: str) -> str:
    english, chinese = PROVINCES[code]
    return chinese if lang == "zh" else english


def country(code: str, lang: str) -> str:
    return Locale("zh" if lang == "zh" else "en").territories.get(code, code)
