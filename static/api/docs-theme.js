// The documentation's own style sheet knows the dark theme by a class of <html>.
(() => {
  const root = document.documentElement;
  const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
  follow();
  root.addEventListener("nodewise:theme", follow);
})();
