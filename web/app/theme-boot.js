// Runs before the first paint (a classic script, so it blocks): a chosen theme must not flash the other one.
(function () {
  try {
    var chosen = localStorage.getItem('quantflow.theme');
    if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  } catch (_) {
    // Storage may be forbidden; the system's theme then stands.
  }
})();
