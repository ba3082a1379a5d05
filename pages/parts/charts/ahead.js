// Read while the form is looked at, so that the curves of the run that comes need not wait for megabytes of script. Where
// it fails, the charts try again and say so.

export default () => { loadPlotly(location.href.split(/[?#]/)[0]).catch(() => {}); };
