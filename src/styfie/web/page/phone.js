// @ts-check
// The page on a phone: a code for its camera, and the address in letters; before that, the network is let in.

import * as api from "./api.js";
import { $, complain, say } from "./dom.js";
import { t } from "./text.js";

/** @import { PhoneResponse } from "./types.d.ts" */

/** @param {string} picture the id of the one that is open, or nothing */
export async function openPhone(picture) {
  complain($("phone-error"));
  $("phone").showModal();
  $("phone-let-in").onclick = () => attempt(async () => {
    $("phone-let-in").disabled = true;
    try {
      if (api.phone) show(await api.phone.open(), picture);
      $("phone-address").focus();
    } finally {
      $("phone-let-in").disabled = false;
    }
  });
  await attempt(async () => show(await api.phone?.how() ?? { addresses: [], can_open: false }, picture));
}

/** @param {() => Promise<void>} call */
async function attempt(call) {
  try {
    await call();
    complain($("phone-error"));
  } catch (error) {
    complain($("phone-error"), error);
  }
}

/** @param {PhoneResponse} found @param {string} picture */
function show({ addresses, can_open: canOpen }, picture) {
  const alone = !addresses.length;
  for (const id of ["phone-code", "phone-address", "phone-how"]) $(id).hidden = alone;
  say($("phone-alone"), !alone ? "" : canOpen ? t("phone.alone") : t("phone.closed"));
  $("phone-alone").hidden = !alone;
  $("phone-closed").hidden = !alone || !canOpen;
  $("phone-next").hidden = addresses.length < 2;
  let number = 0;
  const code = () => {
    if (alone || !api.phone) return;
    $("phone-code").src = api.phone.codeURL(number, picture);
    say($("phone-address"), addresses[number] + (picture && `#${picture}`));
  };
  $("phone-next").onclick = () => {
    number = (number + 1) % addresses.length;
    code();
  };
  code();
}
