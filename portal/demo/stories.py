"""What goes wrong at Fernhill: plots that the history plays again and again with other figures and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plot:
    """One way of failing. `{n}` in a text is a figure of the day; `notes` are what people say, in their order.

    `change` is what was deployed before it, if anything; `answer` and `length` are minutes; `by_tool` says that the
    monitoring tool reports the end and nobody resolves by hand; `declined` is why the first person could not come.
    """

    service: str
    severity: str
    title: str
    notes: tuple[str, ...] = ()
    cause: str = ""
    relief: str = ""
    resolution: str = ""
    change: str = ""
    answer: float = 3
    length: float = 30
    alerts: int = 1
    priority: int = 0
    by_tool: bool = False
    declined: str = ""
    details: dict[str, str] = field(default_factory=dict)


PLOTS: Sequence[Plot] = (
    Plot("postgres-main", "critical", "Replica lag above {n} seconds",
         ("Autovacuum on orders holds the replica back.", "A report from data-pipeline has run for two hours.",
          "Cancelled it; the lag falls by a second a second."),
         "A long report ran on the replica.", "", "Report cancelled; it now has a time-out.", answer=1.4, length=22),
    Plot("postgres-main", "error", "Connections above 90% of the limit",
         ("A worker of invoicing leaks connections after its time-out.", "Restarting it frees {n} of them."),
         "Leak in the export worker.", "", "Worker restarted, fix in review.", answer=2, length=21),
    Plot("message-queue", "error", "Dead letters above 500",
         ("Malformed currency codes since the import of this morning.", "Consumer mended, replaying {n} messages."),
         "", "", "Consumer mended and the queue replayed.", answer=5, length=77, alerts=2),
    Plot("message-queue", "critical", "Consumers of orders have stopped",
         ("One broker left the cluster during maintenance.", "The other two elected a new leader, consumers are back."),
         "A broker restarted out of turn.", "Consumers were moved to the other brokers.",
         "Maintenance window corrected.", answer=1, length=41, alerts=3, priority=1),
    Plot("object-store", "warning", "Disk of store-{n} above 85%", (), "", "", "Old exports removed.", answer=18,
         length=60),
    Plot("cluster-eu", "error", "Node eu-w-{n} does not answer",
         ("Kernel panic after the firmware update.", "Drained and replaced."), "Firmware 2.14 on that host type.", "",
         "Node replaced; update held back.", "firmware 2.14 rolled out to eu-w", answer=4, length=48, alerts=2),
    Plot("cluster-eu", "warning", "Pods restart more than {n} times an hour", (), "", "", "", answer=12, length=35,
         by_tool=True),
    Plot("dns", "critical", "Lookups of fernhill.example time out",
         ("One of four name servers answers with SERVFAIL.", "Taken out of the set, look-ups are normal."),
         "An unsigned zone was published.", "The broken name server was taken out.", "Zone signed again.",
         "zone fernhill.example changed", answer=1.2, length=33, priority=1, alerts=4),
    Plot("edge", "error", "{n}% of requests end with 502",
         ("All of them go to one host.", "Its upstream pool had stale addresses; reloaded."), "", "", "Pool reloaded.",
         "edge {v} deployed", answer=2, length=19, alerts=2),
    Plot("edge", "info", "Certificate for partners.fernhill.example expires in {n} days"),
    Plot("image-cdn", "warning", "Cache hits below 70%", ("A campaign with new pictures warms up.",), "", "", "",
         answer=25, length=70, by_tool=True),
    Plot("customer-accounts", "error", "Address look-ups slower than 2 s",
         ("The provider of addresses answers in {n}00 ms instead of 80.", "Switched to the second provider."),
         "Trouble at the provider.", "Second provider in use.", "They report recovery; back on the first.", answer=3,
         length=64),
    Plot("sign-in", "critical", "Sign-in fails for {n}% of shoppers",
         ("Only shoppers with a second factor.", "Clock of one host is 4 minutes ahead.", "Host out of rotation."),
         "Time service stopped on one host.", "The host was taken out.", "Time service restarted everywhere.",
         answer=1.6, length=28, priority=2, alerts=3),
    Plot("sign-in", "warning", "Password resets above {n} a minute", ("Somebody tries a list of addresses.",), "", "",
         "Slowed down at the edge.", answer=9, length=50),
    Plot("payments-gateway", "critical", "Acquirer answers slowly in the EU",
         ("They confirm trouble on their side.", "Traffic moved to the second acquirer.",
          "{n} authorisations were tried again."), "Trouble at the acquirer.", "Traffic moved to the second acquirer.",
         "They report recovery; traffic moved back.", answer=1, length=96, alerts=4, priority=1),
    Plot("payments-gateway", "error", "Refunds stuck in “authorising”", ("{n} refunds, all from one batch.",),
         "", "", "Batch run again.", answer=3, length=58),
    Plot("fraud-screen", "error", "Scores take longer than 800 ms",
         ("The model was reloaded three times.", "Pinned the former model."),
         "Model 31 needs more memory than hosts have.", "", "Former model pinned.", "fraud model 31 rolled out",
         answer=4, length=37),
    Plot("invoicing", "warning", "{n} invoices wait for the tax service", (), "", "", "", answer=20, length=90,
         by_tool=True),
    Plot("checkout-api", "critical", "Checkout errors above {n}%",
         ("Began with the deploy.", "Reverting.", "Error rate is normal again."), "A missing index on baskets.",
         "Reverted to the version before.", "Index added, deployed again.", "checkout-api {v} deployed", answer=1,
         length=29, alerts=5, priority=1),
    Plot("checkout-api", "error", "Basket totals time out for large baskets",
         ("Only baskets above {n} lines.", "A cache was off after the deploy."),
         "Cache switched off by the deploy.", "", "Flag switched back on.",
         "checkout-api {v} deployed", answer=2, length=34, alerts=3),
    Plot("search-index", "error", "Search index is {n} minutes behind",
         ("A feeder lost its lease.", "Restarted it, it catches up."), "A feeder lost its lease.", "",
         "Feeder restarted; the lag is back to 4 s.", answer=3, length=52),
    Plot("search-index", "warning", "Disk above 80% on search-{n}", (), "", "", "Old segments removed.", answer=22,
         length=35),
    Plot("search-api", "critical", "Search answers empty for {n}% of queries",
         ("Only long queries in German.", "The analyser of the new version drops compounds.", "Reverting."),
         "A new analyser.", "Reverted.", "Analyser mended, tests for compounds added.", "search-api {v} deployed",
         answer=2, length=43, priority=2, declined="On a train, no connection"),
    Plot("recommendations", "warning", "Recommendations are older than {n} hours", (), "", "", "Job run again.",
         answer=30, length=80),
    Plot("catalogue", "error", "Prices differ between catalogue and basket",
         ("{n} products, all changed at midnight.", "The cache was not told."), "A lost message.", "",
         "Cache emptied for those products.", answer=4, length=40),
    Plot("basket", "error", "Baskets lose their last line", ("Only in the app, version 9.{n}.", "Mended on our side."),
         "The app sends a number as a text.", "", "Both forms are taken.", answer=6, length=120),
    Plot("storefront-web", "critical", "The start page takes longer than {n} s",
         ("Pictures of the campaign are 8 MB each.", "Resized."), "Pictures were uploaded as they came.", "",
         "Pictures resized; size is checked now.", answer=2, length=25, alerts=2),
    Plot("storefront-web", "warning", "Errors in scripts above {n} a minute", (), "", "", "", answer=15, length=45,
         by_tool=True),
    Plot("notifications", "warning", "Order mails wait longer than {n} minutes", (), "", "", "Queue drained.",
         answer=14, length=40),
    Plot("notifications", "error", "Text messages refused by the carrier", ("Credit was used up.", "Topped up."),
         "", "", "Topped up; an alert on credit is added.", answer=4, length=44,
         declined="Already on another incident"),
    Plot("warehouse-sync", "error", "Stock of warehouse {n} is not updated",
         ("Their file has a new column.", "Import mended."), "A new column in their file.", "", "Import mended.",
         answer=7, length=95),
    Plot("warehouse-sync", "warning", "Sync backlog above {n},000 jobs", (), "", "", "", answer=11, length=55,
         by_tool=True),
    Plot("shipping-labels", "critical", "No labels from the carrier since {n} minutes",
         ("Their certificate has expired.", "They have renewed it."), "Expired certificate at the carrier.",
         "Labels of the second carrier are used.", "Their certificate is renewed.", answer=1.5, length=66, priority=2),
    Plot("returns", "warning", "{n} returns without a refund", ("Waits for payments.",), "", "", "Refunds sent.",
         answer=28, length=110),
    Plot("data-pipeline", "error", "Pipeline of orders failed {n} times",
         ("Out of memory.", "Split into two runs."), "One shop's orders have doubled.", "", "Split into two runs.",
         answer=9, length=130),
    Plot("reporting", "info", "Nightly report exceeded its usual run time by {n}%"),
)  # fmt: skip
VERSION = "{v}"  # in a change: the version of that time
#: What runs now, as the major version and three times the minor one plus the patch: payments-gateway is at 4.17.2.
NEWEST = {"checkout-api": (4, 52), "storefront-web": (11, 64), "catalogue": (5, 36), "search-api": (2, 27),
          "sign-in": (3, 47), "edge": (7, 40), "warehouse-sync": (2, 44), "notifications": (6, 50),
          "payments-gateway": (4, 53), "basket": (3, 25)}  # fmt: skip
DEPLOYS = tuple(NEWEST)
