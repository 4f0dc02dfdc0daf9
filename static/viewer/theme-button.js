/**
 * The button between dark and light of pages with the viewer; dark is what they open in.
 */

/** Also read by reading/early-theme.js, before the first paint. */
const THEME_KEY = 'nodewise-viewer-theme';

/** @param {HTMLElement} button */
export function bindThemeButton(button) {
  button.addEventListener('click', () => {
    const { dataset } = document.documentElement;
    dataset.bsTheme = dataset.bsTheme === 'dark' ? 'light' : 'dark';
    localStorage.setItem(THEME_KEY, dataset.bsTheme);
  });
}
