/** The choice of a payment method, and the button that pays. */

import { element } from "./dom.js";
import { moneyText } from "./format.js";
import { SandboxChoice } from "./sandbox_choice.js";

/** @typedef {import("./api.js").PaymentMethod} PaymentMethod */

const SANDBOX = "sandbox";

/**
 * @param {PaymentMethod[]} methods at least one
 * @param {import("./api.js").Money} total
 * @param {(method: string, input: Record<string, string>) => void} pressed
 */
export function payForm(methods, total, pressed) {
  const choices = methods.map((method, at) => choice(method, at === 0));
  const sandbox = methods.some((method) => method.id === SANDBOX) ? new SandboxChoice() : null;
  const chosen = () => choices.find((each) => each.input.checked)?.input.value ?? "";
  const show = () => {
    if (sandbox !== null) sandbox.node.hidden = chosen() !== SANDBOX;
  };
  const form = element("form", { class: "pay-form", novalidate: true, "aria-label": "Payment" },
    element(
      "fieldset",
      { class: "choices" },
      element("legend", {}, "Pay with"),
      ...choices.map((each) => each.node),
    ),
    sandbox?.node ?? null,
    element("button", { type: "submit", class: "button primary" }, `Pay ${moneyText(total)}`),
  );
  form.addEventListener("change", show);
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    pressed(chosen(), chosen() === SANDBOX && sandbox !== null ? sandbox.input : {});
  });
  show();
  return form;
}

/** @param {PaymentMethod} method @param {boolean} isFirst */
function choice(method, isFirst) {
  const input = element(
    "input",
    { type: "radio", name: "method", value: method.id, checked: isFirst, autocomplete: "off" },
  );
  return { input, node: element("label", { class: "choice" }, input, method.name) };
}
