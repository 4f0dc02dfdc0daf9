// Runs before the first paint, so that the page never flashes in the other theme.
// A page may ask for a default with <html data-default-theme>; the person's own choice wins.
(() => {
  const stored = localStorage.getItem("nodewise-theme");
  const fallback = document.documentElement.dataset.defaultTheme || "light";
  document.documentElement.dataset.bsTheme = stored || fallback;
})();
