// A figure that is a component of its own.

export default mounted(FigureView);
