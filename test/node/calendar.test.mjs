// Our calendar against npm's date-holidays, an independent implementation of lunar dates and holidays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deltat, moonphase, solstice } from 'astronomia';
import Holidays from 'date-holidays';
import { runTool } from './tool.mjs';

const lines = runTool('calendar_dump').map((l) => l.split(' '));
const lunar = new Map();
const days = new Map();
for (const [kind, date, ...rest] of lines) {
  if (kind === 'lunar') lunar.set(date, rest.map(Number));
  else days.set(date, { off: rest[0] !== 'work', substitute: rest[0] === 'substitute', name: rest.slice(1).join(' ') });
}
const theirs = new Holidays('VN', { languages: ['en'] });
const iso = (h) => h.date.slice(0, 10);

/** Civil date in Vietnam of a Julian ephemeris day. */
function vnDate(jde, year) {
  const jd = jde - deltat.deltaT(year) / 86400;
  return new Date((jd - 2440587.5) * 86400e3 + 7 * 3600e3).toISOString().slice(0, 10);
}
const newMoons = new Set();
const nearMidnight = new Set();
for (let y = 1900.9; y < 2100.1; y += 0.02) {
  const jde = moonphase.newMoon(y);
  newMoons.add(vnDate(jde, y));
  const [before, after] = [vnDate(jde - 2 / 1440, y), vnDate(jde + 2 / 1440, y)];
  if (before !== after) nearMidnight.add(before).add(after);
}

test('each lunar month of 1901-2099 begins on the day of a new moon in Vietnam', () => {
  // Third opinion: npm's astronomia, after Meeus. A moon within two minutes of midnight may fall to either day.
  const differ = [];
  let n = 0;
  for (const [date, [, , day]] of lunar) {
    if (day === 1) n++;
    if ((day === 1) !== newMoons.has(date) && !nearMidnight.has(date) && date > '1901-01-01') differ.push(`${date} is day ${day}`);
  }
  assert.ok(n > 2400 && nearMidnight.size < 20, `${n} months, ${nearMidnight.size} beside midnight`);
  assert.deepEqual(differ, []);
});

test('the winter solstice lies in month 11', () => {
  for (let year = 1901; year < 2100; year++) {
    const date = vnDate(solstice.december(year), year);
    const [, month, , leap] = lunar.get(date);
    assert.deepEqual([date, month, leap], [date, 11, 0]);
  }
});

test('lunar feasts of 1968-2099 fall on the same days', () => {
  // Known difference: in one feast of thirty the package begins the month a day before its new moon.
  const rule = /^vietnamese (\d+)-0-(\d+)$/;
  const differ = [];
  let n = 0;
  for (let year = 1968; year < 2100; year++) {
    for (const h of theirs.getHolidays(year)) {
      const m = rule.exec(h.rule);
      if (!m) continue;
      const [, month, day, leap] = lunar.get(iso(h));
      const begin = new Date(Date.parse(iso(h)) - (Number(m[2]) - 1) * 86400e3).toISOString().slice(0, 10);
      n++;
      if (newMoons.has(begin) && (month !== Number(m[1]) || day !== Number(m[2]) || leap)) {
        differ.push(`${iso(h)} ${h.rule}: ours ${month}/${day}`);
      }
    }
  }
  assert.ok(n > 1000, `${n} feasts compared`);
  // the package takes the twelfth month of 2053 twice: no year has its end in March
  assert.deepEqual(differ.filter((d) => !d.startsWith('2053-03-12')), []);
});

test('each lunar day follows the one before', () => {
  let before;
  for (const [date, [year, month, day, leap]] of lunar) {
    if (before) {
      const [y, m, d, l] = before;
      const next = day === d + 1 && month === m && year === y && leap === l;
      const first = day === 1 && (d === 29 || d === 30) &&
        ((leap && month === m && !l && year === y) || (!leap && month === m + 1 && year === y) ||
         (!leap && month === 1 && m === 12 && year === y + 1));
      assert.ok(next || first, `${date}: ${year}-${month}-${day} leap ${leap} after ${before}`);
    }
    before = [year, month, day, leap];
  }
});

const publicDays = new Map();
for (let year = 2020; year <= 2061; year++) {
  for (const h of theirs.getHolidays(year).filter((x) => x.type === 'public')) {
    for (let t = h.start.getTime() + 12 * 3600e3; t < h.end.getTime(); t += 86400e3) {
      publicDays.set(new Date(t + 7 * 3600e3).toISOString().slice(0, 10), h.name);
    }
  }
}

test('every public holiday that the package knows is a day off with us, 2021-2060', () => {
  // Known difference: the package's month is a day early, see above.
  const early = new Set(['2050-03-31']);
  const missing = [];
  for (const [date, name] of publicDays) {
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    const isWeekend = weekday === 0 || weekday === 6;
    if (date >= '2021' && date < '2061' && !isWeekend && !days.get(date)?.off && !early.has(date)) missing.push(`${date} ${name}`);
  }
  assert.deepEqual(missing, []);
});

test('our days off beyond the package are exactly the known kinds', () => {
  // National Day has two days by law; Vietnam Culture Day is newer than the package; it knows no substitutes
  // and none of the yearly decisions
  const kinds = [/^Quốc khánh/, /Văn hóa/, /^Nghỉ hoán đổi/, /^Nghỉ Tết/, /^Nghỉ Quốc khánh/];
  const odd = [];
  for (const [date, d] of days) {
    const known = publicDays.has(date) || d.substitute || date === '2050-04-01' || kinds.some((k) => k.test(d.name));
    if (date >= '2021' && date < '2061' && d.off && !known) odd.push(`${date} ${d.name}`);
  }
  assert.deepEqual(odd, []);
});

test('a substitute follows each holiday that fell on a weekend', () => {
  // Giỗ Tổ 2026 is a Sunday: Monday the 27th is off, which the package does not know
  assert.equal(days.get('2026-04-27')?.off, true);
  assert.equal(days.get('2024-05-04')?.off, false, 'a worked Saturday');
});
