/** Money, dates and numbers, as the visitor's own locale writes them. */

/** @typedef {import("./api.js").Money} Money */

/** As payments/money.py has them (a test compares): browsers know other digits for some. */
const NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND";

/** @param {string} currency */
export function minorDigits(currency) {
  if (NO_DIGITS.includes(currency)) return 0;
  return THREE_DIGITS.includes(currency) ? 3 : 2;
}

/** @param {Money} money */
export function moneyText({ amount, currency }) {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(undefined, {
    style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(amount / 10 ** digits);
}

/** @param {Money} money */
export const priceText = (money) => (money.amount === 0 ? "Free" : moneyText(money));

/** @param {number} count */
export const countText = (count) => new Intl.NumberFormat().format(count);

/** @param {string} instant */
export function dateText(instant) {
  return new Intl.DateTimeFormat(undefined, {
    weekday: "long", day: "numeric", month: "long", year: "numeric",
    hour: "numeric", minute: "2-digit", timeZoneName: "short",
  }).format(new Date(instant));
}

/** @param {string} instant */
export function shortDateText(instant) {
  return new Intl.DateTimeFormat(undefined, {
    weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
  }).format(new Date(instant));
}

/** @param {string} instant @returns {{day: string, month: string, year: string}} */
export function dayParts(instant) {
  const when = new Date(instant);
  /** @param {Intl.DateTimeFormatOptions} options */
  const part = (options) => new Intl.DateTimeFormat(undefined, options).format(when);
  return {
    day: part({ day: "numeric" }),
    month: part({ month: "short" }),
    year: part({ year: "numeric" }),
  };
}

/** @param {number} milliseconds @returns {string} 4:05, 1:02:30 */
export function leftText(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const parts = [
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ].map((each) => String(each).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : `${Number(parts[0])}:${parts[1]}`;
}
