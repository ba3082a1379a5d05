// The slider over the sample grids, and the curves in the page's own ink.

const counted = new Intl.NumberFormat("en-US");
for (const root of document.querySelectorAll("[data-learning]")) {
  const { stops, shown } = JSON.parse(root.dataset.learning), slider = root.querySelector("input");
  const figures = [...root.querySelectorAll("figure")];
  const go = () => {
    const stop = Number(slider.value);
    root.querySelector("output").textContent = `${counted.format(stops[stop])} images seen`;
    figures.forEach((figure, run) => figure.querySelectorAll("img").forEach((picture, index) => {
      picture.hidden = index !== shown[run][stop];
      if (!picture.hidden) figure.querySelector("figcaption span:last-child").textContent = picture.title;
    }));
  };
  slider.oninput = go;
  go();
}
const draw = () => {
  const { color, fontFamily } = getComputedStyle(document.body), paper = getComputedStyle(document.body).backgroundColor;
  for (const node of document.querySelectorAll("[data-figure]")) {
    const { data, layout } = JSON.parse(node.dataset.figure);
    Object.assign(layout, { template: undefined, font: { family: fontFamily, color, size: 12 },
      hoverlabel: { bgcolor: paper, font: { color } } });
    Plotly.react(node, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
};
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
