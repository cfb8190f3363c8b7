// @ts-check
// The page on a phone: a code for its camera, and the address in letters.

import * as api from "./api.js";
import { $, complain, say } from "./dom.js";
import { t } from "./text.js";

/** @param {string} picture the id of the one that is open, or nothing */
export async function openPhone(picture) {
  complain($("phone-error"));
  $("phone").showModal();
  try {
    const { addresses, command } = await api.phone?.how() ?? { addresses: [], command: "" };
    for (const id of ["phone-code", "phone-address", "phone-how"]) $(id).hidden = !addresses.length;
    say($("phone-alone"), addresses.length ? "" : t("phone.alone", { command }));
    $("phone-alone").hidden = addresses.length > 0;
    $("phone-next").hidden = addresses.length < 2;
    let number = 0;
    const show = () => {
      if (!addresses.length || !api.phone) return;
      $("phone-code").src = api.phone.codeURL(number, picture);
      say($("phone-address"), addresses[number] + (picture && `#${picture}`));
    };
    $("phone-next").onclick = () => {
      number = (number + 1) % addresses.length;
      show();
    };
    show();
  } catch (error) {
    complain($("phone-error"), error);
  }
}
