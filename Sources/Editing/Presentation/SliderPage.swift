/// The page of a comparison with a slider.
enum SliderPage {
  /// The page for two pictures of one size, given as data URIs.
  static func html(
    title: String, before: String, after: String, width: Int, height: Int
  ) -> String {
    Markup.head(title: "\(title): before and after", style: style) + """
      <body>
      <main>
      <h1>\(Markup.name(title))</h1>
      <div class="stage" id="stage" style="--ratio: \(width) / \(height); --shape: \
      \(Double(width) / Double(height))">
      <img id="before" src="\(before)" width="\(width)" height="\(height)" alt="Before" \
      draggable="false">
      <img id="after" src="\(after)" width="\(width)" height="\(height)" alt="After" \
      draggable="false">
      <span class="tag left" aria-hidden="true">Before</span>
      <span class="tag right" aria-hidden="true">After</span>
      <input id="split" type="range" min="0" max="100" step="0.1" value="50" \
      aria-label="How much of the photo is shown as it was before">
      <span class="bar" aria-hidden="true"><span class="grip">&#8596;</span></span>
      </div>
      <p class="quiet">Drag across the photo, or use the arrow keys; Home and End show one version \
      alone.</p>
      </main>
      <script>
      \(script)
      </script>
      </body>
      </html>

      """
  }

  private static let style = """
    main {
      display: grid; gap: .75rem; justify-items: center; padding: 1rem; min-height: 100vh;
      align-content: center;
    }
    .stage {
      --split: 50%; position: relative; aspect-ratio: var(--ratio); overflow: hidden;
      width: min(100%, calc((100vh - 8rem) * var(--shape))); min-width: min(100%, 16rem);
      border-radius: 6px; cursor: ew-resize; touch-action: pan-y; user-select: none;
      -webkit-user-select: none;
    }
    .stage img { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
    #after { clip-path: inset(0 0 0 var(--split)); }
    .tag {
      position: absolute; top: .6rem; padding: .1rem .55rem; border-radius: 1rem;
      background: rgb(0 0 0 / .6); color: #fff; font-size: .8rem; pointer-events: none;
    }
    .left { left: .6rem; }
    .right { right: .6rem; }
    #split { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
      pointer-events: none; }
    .bar {
      position: absolute; inset: 0 auto 0 var(--split); width: 2px; margin-left: -1px;
      background: #fff; box-shadow: 0 0 3px rgb(0 0 0 / .7); pointer-events: none;
    }
    .grip {
      position: absolute; top: 50%; left: 50%; translate: -50% -50%; width: 2.6rem; height: 2.6rem;
      display: grid; place-items: center; border-radius: 50%; background: #fff; color: #222;
      font-size: 1.3rem; box-shadow: 0 1px 5px rgb(0 0 0 / .5);
    }
    #split:focus-visible + .bar .grip { outline: 3px solid #0b62c4; outline-offset: 3px; }
    """

  private static let script = #"""
    'use strict';
    const stage = document.getElementById('stage');
    const split = document.getElementById('split');

    function show() {
      stage.style.setProperty('--split', split.value + '%');
      split.setAttribute('aria-valuetext', Math.round(split.value) + ' percent before');
    }

    function follow(event) {
      const box = stage.getBoundingClientRect();
      split.value = 100 * (event.clientX - box.left) / box.width;
      show();
    }

    stage.addEventListener('pointerdown', event => {
      if (event.button !== 0) return;
      try { stage.setPointerCapture(event.pointerId); } catch { /* a pointer made by a script */ }
      event.preventDefault();
      split.focus({ preventScroll: true, focusVisible: false });
      follow(event);
    });
    stage.addEventListener('pointermove', event => {
      if (event.buttons & 1) follow(event);
    });
    // One step of a key is a percent; the pointer may stop anywhere between.
    split.addEventListener('keydown', event => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      split.value = Number(split.value) + steps[event.key] * (event.shiftKey ? 10 : 1);
      show();
    });
    split.addEventListener('input', show);
    show();
    """#
}
