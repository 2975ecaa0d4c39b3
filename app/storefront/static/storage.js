/** What the browser keeps for us. It may refuse (private windows, full, blocked): then nothing is kept. */

/** @param {() => Storage} area @param {string} key @returns {any} null when there is nothing of use */
export function recall(area, key) {
  try {
    return JSON.parse(area().getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {() => Storage} area @param {string} key @param {unknown} value null forgets @returns {boolean} */
export function keep(area, key, value) {
  try {
    if (value === null) area().removeItem(key);
    else area().setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export const ofThisTab = () => sessionStorage;
export const ofThisBrowser = () => localStorage;
