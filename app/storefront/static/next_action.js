/** What a buyer has to do before a payment can go on, as far as this shop can show it. */

const WAYS_ON = /^https?:\/\//;

/**
 * @param {import("./api.js").Payment} payment
 * @returns {{title: string, text: string, url: string | null} | null} null: nothing but to wait
 */
export function aheadOf({ next_action: action }) {
  switch (action?.kind) {
    case "redirect":
      return action.url === null || !WAYS_ON.test(action.url) ? null : {
        title: "One step is left",
        text: "Your bank, or whoever you pay with, wants to hear from you on a page of its own. "
          + "Afterwards you come back here.",
        url: action.url,
      };
    case "instructions":
      return {
        title: "One step is left",
        text: Object.entries(action.fields).map(([name, value]) => `${name}: ${value}`).join("; "),
        url: null,
      };
    case "post_form":
    case "client_sdk":
      return {
        title: "Not possible in this shop",
        text: "This way of paying needs a page that this shop does not have. Choose another one.",
        url: null,
      };
    default:
      return null;
  }
}
