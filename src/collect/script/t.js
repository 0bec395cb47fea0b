// Inlay's script. It tells the page's own view id and whether the visitor said no; it sends nothing. `place` is there where
// the site has snippets that are placed by script (place.js).
(function (honor, place) {
  'use strict';
  var w = window, d = document, n = navigator, self = d.currentScript;

  // The rule of the server, asked again here: this page may be a stored copy from before the visitor said no.
  // Any opt-out cookie but an empty one or 0 is a no, and so are cookies that cannot be read.
  function off() {
    try {
      if (/(?:^|;)\s*inlay_optout\s*(?:=(?!\s*0?\s*(?:;|$))|;|$)/.test(d.cookie)) return true;
    } catch (e) {
      return true;
    }
    return honor.gpc && n.globalPrivacyControl === true || honor.dnt && n.doNotTrack === '1';
  }

  // The last entry is ours: it stands behind those of the site. Browsers without server timing know no id.
  function id() {
    try {
      var all = performance.getEntriesByType('navigation')[0].serverTiming, found = '', i;
      for (i = 0; i < all.length; i++) if (all[i].name === 'inlay') found = all[i].description;
      return found;
    } catch (e) {
      return '';
    }
  }

  function tell(view) {
    var no = off();
    w.__inlay = Object.freeze({ view: no ? '' : view, off: no });
  }

  function start() {
    if (w.__inlay) return;
    tell(id());
    if (place && !w.__inlay.off) place(self);
    // A page shown again out of the back/forward cache is a new view, one that no server saw.
    w.addEventListener('pageshow', function (e) {
      if (e.persisted) tell('');
    });
  }

  // A frame shares its page's bytes, but is not what the visitor went to.
  if (w.top !== w) return;
  // A page made ahead of time is no view until it is shown.
  if (d.prerendering) d.addEventListener('prerenderingchange', start, { once: true });
  else start();
})
