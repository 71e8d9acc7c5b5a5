/** The page loads uPlot from the path at which the server serves it. */
declare module '*/uplot.js' {
  import uPlot from 'uplot';
  export default uPlot;
}
