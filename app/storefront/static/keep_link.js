/** The part of an order's page that gives its link away to be kept. */

import { button, element, say } from "./dom.js";

export function keepLinkPart() {
  const field = element(
    "input",
    { id: "link", readonly: true, value: location.href, "aria-describedby": "link-why" },
  );
  field.addEventListener("focus", () => field.select());
  const said = element("p", { class: "copied", role: "status" });
  const copy = button("Copy link", "quiet", async () => {
    field.select();
    say(said, "");
    try {
      await navigator.clipboard.writeText(field.value);
      say(said, "Copied.");
    } catch {
      // Plain http has no clipboard.
      say(said, "The link is marked: copy it with your keyboard or menu.");
    }
  });
  return element("section", { class: "panel keep", "aria-labelledby": "keep" },
    element("h2", { id: "keep" }, "Keep this link"),
    element(
      "p",
      { id: "link-why" },
      "It is the key to this order: whoever has it can see the tickets. No mail is sent.",
    ),
    element("label", { for: "link" }, "Link of this order"),
    element("div", { class: "link-row" }, field, copy), said);
}
