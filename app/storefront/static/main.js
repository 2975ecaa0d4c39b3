/** Shows one view for each address; a view lives until its signal ends. */

import { eventAddress, readAddress } from "./addresses.js";
import { element, fill } from "./dom.js";
import { showEvent } from "./event_view.js";
import { showEvents } from "./events_view.js";
import { showMyOrders } from "./my_orders_view.js";
import { showOrder } from "./order_view.js";
import { untilLeft } from "./pausing.js";
import { showReturn } from "./return_view.js";
import { unansweredEvent } from "./wishes.js";

const NAME = "Taquilla";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const notice = /** @type {HTMLElement} */ (document.getElementById("notice"));
let leaving = new AbortController();

/** @param {{isFirst: boolean}} how the first view leaves the focus where the browser put it */
function go({ isFirst }) {
  leaving.abort();
  leaving = new AbortController();
  const place = readAddress(location.hash);
  const view = element("div", { class: `view ${place.view}` });
  main.replaceChildren(view);
  document.title = NAME;
  markCurrent(place);
  remind(place);
  if (!isFirst) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  untilLeft(show(place, view, leaving.signal));
}

/** @param {import("./addresses.js").Place} place @param {HTMLElement} view @param {AbortSignal} signal */
async function show(place, view, signal) {
  /** @param {string} title */
  const setTitle = (title) => { document.title = `${title} · ${NAME}`; };
  switch (place.view) {
    case "events": return showEvents(view, signal, setTitle);
    case "event": return showEvent(view, signal, setTitle, place.eventId);
    case "orders": return showMyOrders(view, signal, setTitle);
    case "order": return showOrder(view, signal, setTitle, place.orderId, place.token);
    case "return": return showReturn(view, setTitle, place.orderId);
    case "nothing":
      setTitle("Not found");
      return fill(view, element("h1", {}, "There is nothing here"),
        element(
          "p",
          {},
          "The link may be cut off. ",
          element("a", { href: "#/" }, "See the events"),
        ),
      );
  }
}

/** @param {import("./addresses.js").Place} place */
function markCurrent(place) {
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === `#/${place.view === "events" ? "" : place.view}`;
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/**
 * Of an order that was sent and never answered, wherever the visitor is now.
 * @param {import("./addresses.js").Place} place
 */
function remind(place) {
  const eventId = unansweredEvent();
  const isThere = place.view === "event" && place.eventId === eventId;
  if (eventId === null || isThere) return fill(notice);
  fill(
    notice,
    element(
      "p",
      {},
      "An order of yours was not answered yet. ",
      element("a", { href: eventAddress(eventId) }, "Find out what became of it"),
    ),
  );
}

document.getElementById("skip")?.addEventListener("click", (click) => {
  click.preventDefault(); // the address behind the # is taken
  main.focus();
});
addEventListener("hashchange", () => go({ isFirst: false }));
go({ isFirst: true });
