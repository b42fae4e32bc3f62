// What charts draw, made of the session's columns: marks and candles, no more of them than can be told apart.

/** The last place in a rising column whose value is not after `wanted`; -1 before the first. */
export function placeAt(column, wanted) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The fills of one side between two moments as marks: {time, value, fills}. Where there are more than `most`, those near
 * to each other in time become one, at the newest of them. `value(fill)` is the height, null for none.
 */
export function marksOf(fills, side, from, to, most, value) {
  const rows = [];
  for (let row = 0; row < fills.time.length; row++) {
    const isInView = fills.time[row] >= from && fills.time[row] <= to;
    if (isInView && fills.side[row] === side && value(row) !== null) rows.push(row);
  }
  const stretch = rows.length > most ? Math.max(1, (to - from) / most) : 0;
  const marks = [];
  let slot = NaN;
  for (const row of rows) {
    const time = fills.time[row];
    const own = stretch ? Math.floor((time - from) / stretch) : NaN;
    if (own !== slot || !stretch) marks.push({ time, value: value(row), fills: [row] });
    else {
      const mark = marks[marks.length - 1];
      mark.time = time;
      mark.value = value(row);
      mark.fills.push(row);
    }
    slot = own;
  }
  return marks;
}

/** The candles between two moments, neighbours put together until there are at most `most`. */
export function candlesOf(candles, from, to, most) {
  const first = Math.max(0, placeAt(candles.time, from));
  const last = placeAt(candles.time, to);
  const each = Math.max(1, Math.ceil((last - first + 1) / most));
  const made = { minutes: candles.minutes * each, time: [], open: [], high: [], low: [], close: [] };
  const slot = (place) => Math.floor(candles.time[place] / (made.minutes * 60_000)); // none spans a night
  for (let start = first, end; start <= last; start = end + 1) {
    end = start;
    while (end < last && slot(end + 1) === slot(start)) end++;
    made.time.push(candles.time[start]);
    made.open.push(candles.open[start]);
    made.high.push(candles.high.slice(start, end + 1).reduce((a, b) => Math.max(a, b)));
    made.low.push(candles.low.slice(start, end + 1).reduce((a, b) => Math.min(a, b)));
    made.close.push(candles.close[end]);
  }
  return made;
}

/** The closes of candles as a line that breaks where no bar came for a good while: nights, weekends, gaps. */
export function lineOf(candles) {
  const most = Math.max(30, 3 * candles.minutes) * 60_000;
  const line = { time: [], close: [] };
  candles.time.forEach((time, place) => {
    const before = candles.time[place - 1];
    if (time - before > most) {
      line.time.push(before + 1);
      line.close.push(null);
    }
    line.time.push(time);
    line.close.push(candles.close[place]);
  });
  return line;
}
