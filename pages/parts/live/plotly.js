// Plotly as its Python package ships it, loaded once a tab.

function loadPlotly(base) {
  window.ganPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("gan/plotly.min.js", base).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { window.ganPlotly = undefined; reject(new Error("the chart library did not load")); };
    document.head.append(script);
  });
  return window.ganPlotly;
}
