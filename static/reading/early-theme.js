// Runs before the first paint: reading rooms are dark, so dark is what a case opens in.
document.documentElement.dataset.bsTheme = localStorage.getItem('nodewise-viewer-theme') || 'dark';
