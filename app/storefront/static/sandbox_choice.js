/** What the sandbox is to do with a payment: there only where the service offers a sandbox at all. */

import { element } from "./dom.js";

/** In the language of payments/testing/script.py. */
const SCRIPTS = [
  { label: "Approve", script: "" },
  { label: "Decline: not enough money", script: "decline:insufficient_funds" },
  { label: "Ask me on a page of its own", script: "action" },
  { label: "Approve, and lose the answer", script: "timeout_after" },
];

export class SandboxChoice {
  constructor() {
    this.inputs = SCRIPTS.map(({ script }, at) => element(
      "input",
      { type: "radio", name: "sandbox", value: script, checked: at === 0, autocomplete: "off" },
    ));
    this.node = element("fieldset", { class: "sandbox choices" },
      element("legend", {}, "Sandbox: what shall it do?"),
      element("p", { class: "small" }, "For developers. No real money moves."),
      ...this.inputs.map((input, at) =>
        element("label", { class: "choice" }, input, SCRIPTS[at]?.label ?? "")));
  }

  /** @returns {Record<string, string>} the method's input */
  get input() {
    const script = this.inputs.find((each) => each.checked)?.value ?? "";
    return script === "" ? {} : { script };
  }
}
