"""The services that a channel's URL may name, by the scheme in front of `://`.

One list for the configuration, which refuses anything else, and for the notifiers, which send.
"""

from __future__ import annotations

CONSOLE = "console"

# Apprise speaks to some two hundred services. Only those stay that carry a message to a person who watches money:
# what ends on this machine (syslog, desktop pop-ups), feeds a queue or a gadget, posts for everybody to read
# (microblogs, forums, issue trackers) or hands on to whatever another server chooses (Apprise API, IFTTT) is left out.
CHAT = {
    *("tgram", "discord", "slack", "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets", "zulip"),
    *("gchat", "wxteams", "webex", "workflow", "workflows", "signal", "signals", "whatsapp", "threema", "line"),
    *("dingtalk", "feishu", "lark", "wecombot", "nctalk", "nctalks", "synology", "synologys"),
}
PUSH = {
    *("pover", "ntfy", "ntfys", "gotify", "gotifys", "pbul", "prowl", "bark", "barks", "spush", "simplepush"),
    *("psafer", "psafers", "join", "pushdeer", "pushdeers", "schan", "pushplus", "hassio", "hassios"),
}
MAIL = {"mailto", "mailtos", "mailgun", "sendgrid", "ses", "postmark", "resend", "brevo", "smtp2go", "o365", "azure"}
PHONE = {
    *("twilio", "vonage", "nexmo", "sns", "clicksend", "plivo", "msgbird", "sinch", "telnyx", "infobip"),
    *("d7sms", "46elks", "elks", "seven", "bulksms", "voipms", "freemobile", "httpsms", "smseagle", "smseagles"),
}
ON_CALL = {
    *("pagerduty", "opsgenie", "splunk", "victorops", "signl4", "squadcast", "ilert", "goalert", "goalerts"),
    *("pagertree", "betterstack", "spike", "xmatters", "incidentio"),
}
# The way out for everything else: a server of one's own that takes the message and passes it on.
OWN_SERVER = {"json", "jsons", "xml", "xmls", "form", "forms"}

REACHING_SCHEMES = frozenset(CHAT | PUSH | MAIL | PHONE | ON_CALL | OWN_SERVER)
"""Every scheme that may stand in a channel's URL beside `console`."""


def scheme_of(url: str) -> str:
    """The scheme of a URL in small letters; "" where it has none."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def is_reaching(url: str) -> bool:
    """Whether the URL names the console or a service of the list."""
    return scheme_of(url) in REACHING_SCHEMES | {CONSOLE}
