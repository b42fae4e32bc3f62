"""The effective configuration, typed and bounded. `config.py` fills it from the layers; `config.toml` comments on it.

Field names here are the keys of `config.toml`. Bounds stand in `Meta`, so that the loader can report them.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from sentio_tui.model.events import Mode

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
Rate = Annotated[float, Meta(ge=0, lt=1)]
Scalar = bool | int | float | str

ALERT_VARIABLES: Final = (
    "SENTIO_ALERT_SESSION",
    "SENTIO_ALERT_MODE",
    "SENTIO_ALERT_KINDS",
    "SENTIO_ALERT_LEVEL",
    "SENTIO_ALERT_COUNT",
    "SENTIO_ALERT_TITLE",
    "SENTIO_ALERT_TEXT",
)
"""What the command of an alert finds in its environment. These are no settings: the command may be one of ours."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every table of the configuration."""


class SessionSettings(Section, frozen=True):
    capital: Positive = 10_000.0
    """Cash at the start, in the account's currency."""
    duration: Annotated[float, Meta(ge=0, le=10_000_000)] = 0.0
    """Minutes of market time until the session ends by itself; 0 is without end."""
    at_exit: Literal["close", "keep"] = "close"
    """What an interrupt does with open positions: sell them first, or leave them as they are."""
    on_hangup: Literal["detach", "stop"] = "detach"
    """What the session does when its screen is lost: goes on without one, or ends as `at_exit` says."""
    patience: Annotated[float, Meta(gt=0, le=600)] = 5.0
    """Seconds an interrupted session waits for the prices that close its positions; then it takes the last ones."""
    close_summary: bool = True
    """Whether a session on an exchange leaves a text on what each of its days came to."""


class StressSettings(Section, frozen=True):
    """Trouble put upon a market of history, seeded by `feed.seed`."""

    gap_probability: Rate = 0.0
    """Probability that a minute is missing."""
    volatility_multiplier: Annotated[float, Meta(gt=0, le=10)] = 1.0
    """How much larger every move is."""
    crash_at: str = ""
    """Exchange time of a crash, HH:MM; empty is none."""
    crash_fraction: Rate = 0.0
    """By how much prices fall in it."""


class AlpacaFeedSettings(Section, frozen=True):
    """Market data of Alpaca. Symbols with a dash are crypto, which has a feed of its own."""

    feed: Literal["iex", "sip", "delayed_sip", "test", "crypto"] = "iex"
    """Of shares. "sip" needs a paid plan; "test" has the symbol FAKEPACA, round the clock. "crypto": there are none."""
    data_url: str = ""
    """Where history is asked for; empty is Alpaca."""
    stream_url: str = ""
    """Where bars are streamed from; empty is Alpaca."""


class FeedSettings(Section, frozen=True):
    kind: Literal["simulated", "recorded", "alpaca"] = "simulated"
    symbols: tuple[Annotated[str, Meta(min_length=1, max_length=24)], ...] = ("BTC-USD", "ETH-USD", "SOL-USD")
    speed: Annotated[float, Meta(ge=0, le=100_000)] = 60.0
    """Market time over wall time: 1 is real time, 60 an hour a minute, 0 as fast as possible. Alpaca: always 1."""
    seed: Annotated[int, Meta(ge=0, le=2**53)] = 18
    """The simulated market's random seed. The same seed gives the same bars, to the byte."""
    start: str = "2025-01-06T00:00:00Z"
    """Simulated market: the first minute, as ISO 8601 with an offset."""
    days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """Simulated market: ends after this many days; 0 is without end."""
    warm_up_days: Annotated[int, Meta(ge=0, le=60)] = 0
    """Exchange days before the first one that strategies learn from without trading. Recorded: before `date`. Alpaca:
    before now."""
    data: tuple[str, ...] = ()
    """Recorded market: CSV and Parquet files, and folders of them."""
    date: str = ""
    """Recorded market: one exchange day, YYYY-MM-DD; empty is all of it."""
    stress: StressSettings = StressSettings()
    alpaca: AlpacaFeedSettings = AlpacaFeedSettings()
    data_symbol: str = ""
    """Recorded market: the symbol of files that have no symbol column. An error where all of them have one."""
    stale_after: Annotated[float, Meta(gt=0, le=604_800)] = 120.0
    """Seconds of market time without a bar, while the market is open, until a symbol counts as stale."""


class StrategySettings(Section, frozen=True):
    name: str = "momentum"
    preset: str = "conservative"
    params: dict[str, Scalar] = {}
    """Overrides of the preset, by parameter name."""


class SlotsSettings(Section, frozen=True):
    max_positions: Annotated[int, Meta(ge=1, le=1000)] = 5
    position_size: Share = 0.2
    """The share spent on a new position, costs included."""
    sizing: Literal["cash", "equity"] = "equity"
    """What it is a share of: the book's equity, or the cash that is left (each position then is smaller)."""
    stop_loss: Fraction = 0.05
    """Sell when the close is this fraction below the entry price; 0 is never."""
    take_profit: NotNegative = 0.10
    """Sell when the close is this fraction above the entry price; 0 is never."""


class LadderSettings(Section, frozen=True):
    """The seven states of a leveraged family, chosen by the probability of a rise."""

    family: Annotated[str, Meta(min_length=1)] = "SPY"
    """A built-in family or one of `families`. The session then trades its symbols; the base drives."""
    rungs: dict[str, Fraction] = {}
    """State to the lowest probability that leads to it; one state begins at 0. Empty hangs them on the strategy's
    thresholds."""
    min_hold_bars: Annotated[int, Meta(ge=0)] = 3
    profit_target: NotNegative = 0.02
    """To cash when the account gained this fraction since entry; 0 is never."""
    stop_loss: Fraction = 0.015
    """To cash when the account lost this fraction since entry; 0 is never."""
    cash_buffer: Rate = 0.002
    """Fraction of equity that stays cash, for costs and slippage."""


class FamilySettings(Section, frozen=True):
    """A base symbol and the funds that follow a multiple of its daily return."""

    base: str
    bull: str
    bear: str
    bear_leveraged: str
    leverage: dict[str, float]
    """Multiple of the base's daily return, by symbol."""


class MachineSettings(Section, frozen=True):
    kind: Literal["slots", "ladder"] = "slots"
    flat_overnight: bool = False
    """Hold nothing while the exchange is closed: no entry in the last two minutes of its day, and everything sold. A
    symbol that trades round the clock is left alone."""
    slots: SlotsSettings = SlotsSettings()
    ladder: LadderSettings = LadderSettings()


class AlpacaBrokerSettings(Section, frozen=True):
    mode: Literal["paper", "live"] = "paper"
    """Whose keys and which account: the paper one, or the one with your money."""
    url: str = ""
    """Where orders go; empty is Alpaca."""


class BrokerSettings(Section, frozen=True):
    kind: Literal["paper", "alpaca"] = "paper"
    """Orders are filled here, or sent to an account at Alpaca."""
    fill: Literal["next_open", "same_close"] = "next_open"
    """Market orders fill at the open of the symbol's next bar, or (optimistic) at the close that made the signal."""
    slippage: Rate = 0.001
    """Fraction of the price, against the trader, on market and stop orders."""
    participation: Share = 1.0
    """The largest share of a bar's volume that one order may take; the rest fills on later bars."""
    alpaca: AlpacaBrokerSettings = AlpacaBrokerSettings()


class CostSettings(Section, frozen=True):
    """One entry of the cost schedule. The newest entry of an asset class whose `since` has come is in force."""

    asset_class: Literal["crypto", "equity"]
    since: str = "1970-01-01"
    """First day in force, YYYY-MM-DD."""
    commission_rate: Rate = 0.0
    """Fraction of the value, both sides."""
    commission_per_share: NotNegative = 0.0
    sec_rate: Rate = 0.0
    """Regulatory fee: fraction of the value, sells only."""
    taf_per_share: NotNegative = 0.0
    """Regulatory fee: money a share, sells only."""
    taf_maximum: NotNegative = 0.0
    """Largest `taf_per_share` fee of one order; 0 is without limit."""


class InstrumentSettings(Section, frozen=True):
    """What is known of a symbol. Without an entry, symbols with a dash are crypto, all others equities."""

    asset_class: Literal["crypto", "equity"]
    quantity_step: Annotated[float, Meta(ge=1e-9, le=1_000_000)] = 1.0
    """The ledger keeps quantities to nine decimals."""
    price_step: Annotated[float, Meta(ge=1e-12, le=1_000_000)] = 0.01
    exchange: Annotated[str, Meta(max_length=32)] = ""
    """Whose hours it keeps: an ISO 10383 code, or "24/7". Empty is that of its family's base, else the usual one of its
    asset class: XNYS for equities, 24/7 for crypto."""


class RatesSettings(Section, frozen=True):
    """What a fund costs from a day on, as fractions of its value a year."""

    since: str = "1970-01-01"
    """First day in force, YYYY-MM-DD."""
    expense: Rate = 0.0
    """The expense ratio."""
    financing: Annotated[float, Meta(gt=-1, lt=1)] = 0.0
    """What its swaps and loans cost on balance; below 0 where it earns more interest than it pays."""


class FundSettings(Section, frozen=True):
    """How the bars of a leveraged fund are made that has none of its own."""

    start_price: NotNegative = 0.0
    """Of its first bar; 0 is its base's price there. Otherwise above 0.01."""
    rates: tuple[RatesSettings, ...] = ()
    """The newest entry whose `since` has come is in force. Without any: 0.95 % expense, and 5 % financing for a
    multiple above 1, 2 % else."""


class RiskSettings(Section, frozen=True):
    daily_loss: Fraction = 0.0
    """Halts new entries for the day once equity is more than this fraction below the day's start; 0 is off."""
    drawdown: Fraction = 0.0
    """Halts new entries once equity is more than this fraction below its peak; 0 is off."""
    orders_per_minute: Annotated[int, Meta(ge=0)] = 60
    """Most buys in a minute of market time (a guard against runaway loops); 0 is off. Sells always pass."""


class AlertRuleSettings(Section, frozen=True):
    """What leads to an alert, and whom it reaches. Without targets the rule is off."""

    on: Literal[
        "fill",
        "reject",
        "stop_loss",
        "drawdown",
        "daily_loss",
        "feed_stale",
        "fault",
        "account",
        "strategy_error",
        "risk_halted",
        "order_unknown",
        "end_of_day",
        "session_ended",
    ]
    targets: tuple[str, ...] = ()
    """"screen", "bell", "desktop", or names of `targets`."""
    threshold: NotNegative = 0.0
    """drawdown, daily_loss: the fraction beyond which it is told; feed_stale: seconds since the feed or a symbol counts
    as stale. Nothing else has one."""
    quiet: NotNegative = 0.0
    """Seconds of market time in which the rule is silent after it was told, for each symbol or part by itself."""


class AlertTargetSettings(Section, frozen=True):
    """Where alerts go. An address that may hold a secret stands outside of the configuration: `url_env` names the
    variable that has it, or `url_keyring` the entry of the service "sentio-tui" in the system's keyring."""

    kind: Literal["mail", "apprise", "webhook", "command"]
    url_env: str = ""
    url_keyring: str = ""
    command: tuple[str, ...] = ()
    """The program with its arguments; no shell reads it."""
    to: tuple[str, ...] = ()
    """Whom mail goes to, through the server of `mail`."""
    interval: Annotated[float, Meta(ge=0, le=86_400)] = 10.0
    """Seconds between two messages at the least; what comes meanwhile shares the next one."""
    timeout: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """Seconds until an attempt counts as failed."""


class AlertSettings(Section, frozen=True):
    desktop: Literal["auto", "osc9", "osc777"] = "auto"
    """How the terminal is asked for a notification on the desktop."""
    patience: Annotated[float, Meta(ge=0, le=120)] = 10.0
    """Seconds the end of a session waits for its last messages."""
    targets: dict[str, AlertTargetSettings] = {}
    rules: dict[str, AlertRuleSettings] = {}


class UiSettings(Section, frozen=True):
    theme: str = "sentio-dark"
    themes_dir: str = ""
    """A folder of further theme files; empty is the usual places."""
    frames: Annotated[int, Meta(ge=1, le=30)] = 8
    """Frames a second at the most."""
    chart_seconds: Annotated[float, Meta(ge=0.25, le=60)] = 1.0
    """Seconds between two drawings of the equity curve."""


class BookSettings(Section, frozen=True):
    """One of several books in a session: a strategy with its symbols and share of the capital."""

    name: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_\-]+$")]
    share: Share
    strategy: StrategySettings = StrategySettings()
    machine: MachineSettings = MachineSettings()
    symbols: tuple[str, ...] = ()
    """Empty is all of the feed's."""


class MailSettings(Section, frozen=True):
    """The server that reports and alerts are mailed through."""

    host: Annotated[str, Meta(max_length=253)] = ""
    """Empty is none: nothing can be mailed."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """Encrypted after a greeting, from the first byte, or not at all."""
    sender: str = ""
    """The address mails come from."""
    user: str = ""
    """Empty asks for no password."""
    password_variable: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "SMTP_PASSWORD"
    """The environment variable with the user's password."""
    timeout: Annotated[float, Meta(gt=0, le=600)] = 30.0
    """Seconds to wait for each answer of the server."""


class WebSettings(Section, frozen=True):
    """The dashboard in a browser, in a process of its own."""

    enabled: bool = False
    """Whether a session has one beside it, for as long as its process lives."""
    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    """The address it listens on. Any but a loopback address needs a token."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8888
    """0 is any that is free."""
    token_variable: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "DASHBOARD_TOKEN"
    """The environment variable with the token. Where it is set, the token is asked for on the loopback address too."""


class ReportSettings(Section, frozen=True):
    """Reports kept beside a session."""

    at_close: tuple[Literal["html", "md", "json", "csv"], ...] = ()
    """The formats written at each close of the exchange and at the session's end; none without any."""
    email_to: tuple[str, ...] = ()
    """Addresses these are mailed to as well."""


class Settings(Section, frozen=True):
    """All of it. Without `books` there is one, made of `strategy`, `machine` and the feed's symbols."""

    session: SessionSettings = SessionSettings()
    feed: FeedSettings = FeedSettings()
    strategy: StrategySettings = StrategySettings()
    machine: MachineSettings = MachineSettings()
    broker: BrokerSettings = BrokerSettings()
    costs: tuple[CostSettings, ...] = ()
    instruments: dict[str, InstrumentSettings] = {}
    families: dict[str, FamilySettings] = {}
    funds: dict[str, FundSettings] = {}
    risk: RiskSettings = RiskSettings()
    alerts: AlertSettings = AlertSettings()
    books: tuple[BookSettings, ...] = ()
    ui: UiSettings = UiSettings()
    mail: MailSettings = MailSettings()
    report: ReportSettings = ReportSettings()
    web: WebSettings = WebSettings()
    keys: dict[str, str] = {}
    """Action id to key or keys ("f,ctrl+f"). `sentio-tui config` lists the ids."""
    sessions_dir: str = ""
    """Where sessions are kept; empty is ./sessions in a checkout, else the user's data folder."""

    @property
    def mode(self) -> Mode:
        """Where the prices and the money of a session of these settings come from."""
        if self.feed.kind != "alpaca":
            return Mode.SIM if self.feed.kind == "simulated" else Mode.REPLAY
        return Mode.LIVE if self.broker.kind == "alpaca" and self.broker.alpaca.mode == "live" else Mode.PAPER
