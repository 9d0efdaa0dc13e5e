extension PickPage {
  /// The page's style sheet, after the common one.
  static let style = """
    body { min-height: 100vh; display: flex; flex-direction: column; }
    header, footer { padding: .6rem 1rem; background: var(--card); display: grid; gap: .5rem; }
    header { border-bottom: 1px solid var(--line); }
    footer { border-top: 1px solid var(--line); position: sticky; bottom: 0; }
    h1 .quiet { font-weight: 400; }
    h2 { font-size: .9rem; margin: 0 0 .3rem; }
    main { flex: 1; display: grid; gap: 1rem; padding: 1rem; align-items: start;
      align-content: start;      grid-template-columns: minmax(0, 1fr) 15rem; }
    .stage { position: relative; aspect-ratio: var(--ratio); justify-self: center;
      width: min(100%, calc((100vh - 20rem) * var(--shape))); min-width: min(100%, 20rem); }
    .stage img, .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
    canvas { cursor: crosshair; touch-action: pan-x pan-y pinch-zoom; user-select: none;
      -webkit-user-select: none; -webkit-touch-callout: none; }
    canvas.draws { touch-action: none; }
    canvas.taps { cursor: pointer; }
    .bar { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; }
    fieldset { display: flex; flex-wrap: wrap; border: 0; margin: 0; padding: 0; gap: 2px; }
    fieldset input { position: absolute; opacity: 0; pointer-events: none; }
    fieldset span { display: block; padding: .3rem .8rem; border: 1px solid var(--line);
      border-radius: 6px; cursor: pointer; }
    fieldset input:checked + span { background: var(--accent); color: var(--on-accent);
      border-color: var(--accent); font-weight: 600; }
    fieldset input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
    kbd { font: inherit; font-size: .75em; opacity: .7; margin-left: .2em; }
    .check { display: inline-flex; align-items: center; gap: .35rem; margin-right: .5rem; }
    .option[hidden], [hidden] { display: none !important; }
    .hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
    button { font: inherit; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 6px;
      background: var(--page); color: var(--text); cursor: pointer; }
    button:disabled { opacity: .45; cursor: default; }
    button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent);
      font-weight: 600; }
    aside ul { list-style: none; margin: 0 0 1rem; padding: 0; max-height: 50vh; overflow: auto; }
    aside label { display: flex; gap: .5rem; align-items: center; padding: .2rem .3rem;
      border-radius: 6px; cursor: pointer; overflow-wrap: anywhere; }
    aside label:hover, aside label.hover { background: var(--line); }
    .swatch { flex: none; min-width: 1.5rem; text-align: center; border-radius: 4px; color: #111;
      font-size: .8rem; font-weight: 600; }
    .row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
    pre { flex: 1 1 20rem; margin: 0; padding: .5rem .7rem; border: 1px solid var(--line);
      border-radius: 6px; background: var(--page); white-space: pre-wrap; overflow-wrap: anywhere;
      max-height: 9rem; overflow: auto; font: .9rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
    pre.none { color: var(--quiet); font-family: inherit; }
    #mask-row label { flex: 1 1 20rem; display: flex; flex-wrap: wrap; gap: .5rem; }
    #mask { flex: 1; min-width: 10rem; font: inherit; padding: .2rem .5rem; color: inherit;
      background: var(--page); border: 1px solid var(--line); border-radius: 6px; }
    #status { min-height: 1.4em; font-size: .9rem; }
    #status.warn { color: var(--warn); }
    @media (max-width: 46rem) { main { grid-template-columns: minmax(0, 1fr); } }
    """
}
