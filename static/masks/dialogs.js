/**
 * Questions in dialogs: which button was pressed.
 */

/**
 * @param {HTMLDialogElement} dialog Its buttons submit a form with method "dialog".
 * @returns {Promise<string>} The button's value; empty where the dialog was left.
 */
export function ask(dialog) {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}
