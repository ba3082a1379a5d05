// Streamlit calls a component again at every rerun, and then the clean-up of the call before: one view for each element,
// which goes only with its last call.
function mounted(View) {
  const views = new WeakMap();
  return (component) => {
    const { parentElement } = component;
    let view = views.get(parentElement);
    if (view) view.take(component);
    else views.set(parentElement, (view = new View(component)));
    const turn = (view.turn = (view.turn ?? 0) + 1);
    return () => {
      if (view.turn !== turn) return;
      view.remove();
      views.delete(parentElement);
    };
  };
}

function pageBase() { return location.href.split(/[?#]/)[0]; }
