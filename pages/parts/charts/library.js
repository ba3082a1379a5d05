// Plotly as its Python package ships it, loaded once a tab, and as soon as the browser has drawn what is there without
// it: megabytes of script hold up all else for a second.

function loadPlotly(base) {
  window.ganPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("gan/plotly.min.js", base).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { window.ganPlotly = undefined; reject(new Error("the chart library did not load")); };
    (window.requestIdleCallback ?? setTimeout)(() => document.head.append(script), { timeout: 1000 });
  });
  return window.ganPlotly;
}
