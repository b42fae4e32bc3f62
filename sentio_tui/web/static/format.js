// The one place of the page where values become text, as in the terminal (`ui/formatting.py`). Gains and losses are told
// by sign and glyph, so that no colour is needed to read them.

export const MISSING = "—";
export const UNKNOWN = "n/a";

const MINUTE = 60_000;
const GLYPHS = { gain: "▲", loss: "▼", flat: "─" };

/** Rounded as Python does: what lies exactly in the middle goes to the even digit. */
function fixed(value, digits) {
  const text = value.toFixed(digits);
  const isMiddle = Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
  const isOdd = Number(text[text.length - 1]) % 2 === 1;
  return isMiddle && isOdd ? (value - Math.sign(value) * 0.5 * 10 ** -digits).toFixed(digits) : text;
}

/** With commas, without a sign when it rounds to nothing. */
function plain(value, digits) {
  const [whole, decimals] = fixed(value, digits).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (decimals ? `.${decimals}` : "");
  return /[1-9]/.test(text) ? text : text.replace("-", "");
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function signed(value, digits) {
  const text = plain(value, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** "gain", "loss", or "flat" for what rounds to nothing at `digits` decimals or is not finite. */
export function tone(value, digits = 2) {
  if (!Number.isFinite(value) || Math.abs(value) < 0.5 * 10 ** -digits) return "flat";
  return value > 0 ? "gain" : "loss";
}

/** A gain or loss with its glyph: ▲ +1,234.56. */
export function marked(value, form, digits = 2) {
  return Number.isFinite(value) ? `${GLYPHS[tone(value, digits)]} ${form(value)}` : UNKNOWN;
}

export function money(value) {
  return Number.isFinite(value) ? plain(value, 2) : UNKNOWN;
}

export function change(value) {
  return Number.isFinite(value) ? signed(value, 2) : UNKNOWN;
}

/** A change given as a fraction, with its sign: 0.0246 is +2.46%. */
export function percent(value) {
  return Number.isFinite(value) ? `${signed(value * 100, 2)}%` : UNKNOWN;
}

/** A part of a whole given as a fraction: 0.625 is 62.5%. */
export function share(value) {
  return Number.isFinite(value) ? `${plain(value * 100, 1)}%` : UNKNOWN;
}

/** A price at the precision of usual ticks: cents from 1 on, four decimals and more below. None is a dash. */
export function price(value) {
  if (value === null || value === undefined) return MISSING;
  if (!Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  return plain(value, size >= 1 || size === 0 ? 2 : size >= 0.01 ? 4 : size >= 0.0001 ? 6 : 8);
}

/** An amount of units with as many decimals as it has, eight at the most. */
export function quantity(value) {
  return Number.isFinite(value) ? trimmed(plain(value, 8)) : UNKNOWN;
}

/** A value whose unit is unknown: about five digits that count. */
export function number(value) {
  if (!Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size && (size < 1e-5 || size >= 1e12)) {
    return Number(value.toPrecision(4)).toExponential().replace(/([+-])(\d)$/, "$10$2");
  }
  const digits = size >= 1000 || size === 0 ? 2 : Math.max(0, Math.min(6, 4 - Math.floor(Math.log10(size))));
  return trimmed(plain(value, digits));
}

export function count(value) {
  return plain(value, 0);
}

/** How long ago, shortly: 3s, 2m, 1h05, 4d02h. What is in the future is 0s. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const two = (value) => String(value).padStart(2, "0");
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}`;
  return `${Math.floor(minutes / 1440)}d${two(Math.floor(minutes / 60) % 24)}h`;
}

/** A clock in a zone (an IANA name; UTC when it is none). An empty zone is the browser's own. */
export class Clock {
  constructor(zone) {
    try {
      this.zone = new Intl.DateTimeFormat("en", zone ? { timeZone: zone } : {}).resolvedOptions().timeZone;
    } catch {
      this.zone = "UTC";
    }
    const make = (options) => new Intl.DateTimeFormat("en-US", { timeZone: this.zone, hourCycle: "h23", ...options });
    const day = { year: "numeric", month: "2-digit", day: "2-digit" };
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    this.parts = make({ ...day, ...time });
    this.names = make({ weekday: "short", timeZoneName: "short" });
    this.offsets = new Map();
  }

  /** Milliseconds this zone's clock is ahead of UTC. Zones change theirs on the quarter of an hour at the finest. */
  offset(at) {
    const quarter = Math.floor(at / (15 * MINUTE));
    let found = this.offsets.get(quarter);
    if (found === undefined) {
      const told = this.parts.formatToParts(quarter * 15 * MINUTE);
      const part = Object.fromEntries(told.map((each) => [each.type, each.value]));
      const shown = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
      found = shown - quarter * 15 * MINUTE;
      this.offsets.set(quarter, found);
    }
    return found;
  }

  /** A moment as it would be in UTC with the same digits on its clock: what charts draw. */
  shifted(at) {
    return at + this.offset(at);
  }

  date(at) {
    return Number.isFinite(at) ? new Date(this.shifted(at)).toISOString().slice(0, 10) : UNKNOWN;
  }

  time(at) {
    return Number.isFinite(at) ? new Date(this.shifted(at)).toISOString().slice(11, 19) : UNKNOWN;
  }

  stamp(at) {
    return `${this.date(at)} ${this.time(at)}`;
  }

  /** Without the year, for tables of one session. */
  short(at) {
    return this.stamp(at).slice(5);
  }

  weekday(at) {
    return this.names.formatToParts(at).find((part) => part.type === "weekday").value;
  }

  /** The zone's short name at a moment: EST, UTC, GMT+2. */
  zoneName(at) {
    return this.names.formatToParts(at).find((part) => part.type === "timeZoneName").value;
  }
}
