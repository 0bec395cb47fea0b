// Places the owner's snippets that are placed by script. Called by Inlay's script (t.js) with its own element, once the visitor
// is known not to have said no.
(function (snippets) {
  'use strict';
  var w = window, d = document, types, self;

  // ? is one character of a path but /, * any number of them, ** anything.
  function matches(globs) {
    return globs.some(function (glob) {
      var wild = { '?': '[^/]', '*': '[^/]*', '**': '.*' };
      var source = glob.replace(/\*\*+|[^]/g, function (c) {
        return wild[c.slice(0, 2)] || c.replace(/[^A-Za-z0-9]/, '\\$&');
      });
      return new RegExp('^' + source + '$').test(location.pathname);
    });
  }

  // Pairs of names and values, all of which must be among what the page has; null is any value.
  function has(wanted, pairs) {
    return (wanted || []).every(function (one) {
      return pairs.some(function (pair) {
        return pair[0] === one[0] && (one[1] === null || pair[1] === one[1]);
      });
    });
  }

  function pairs(text, between, read) {
    return text.split(between).map(function (pair) {
      var at = pair.indexOf('=');
      return (at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]).map(read);
    });
  }

  function parameter(text) {
    try {
      return decodeURIComponent(text.replace(/\+/g, ' '));
    } catch (e) {
      return text;
    }
  }

  function wanted(snippet) {
    return (!snippet.on || matches(snippet.on)) && !(snippet.off && matches(snippet.off)) &&
      has(snippet.query, pairs(location.search.slice(1), '&', parameter)) &&
      has(snippet.cookie, pairs(d.cookie, ';', function (text) { return text.trim(); })) &&
      (snippet.percent === undefined || Math.random() * 100 < snippet.percent);
  }

  // Trusted types take a script's address from a policy alone, which pages name in theirs.
  function trusted(address) {
    try {
      types = types || w.trustedTypes.createPolicy('inlay', { createScriptURL: function (url) { return url; } });
      return types.createScriptURL(address);
    } catch (e) {
      return address;
    }
  }

  // Elements are made one by one: strict policies forbid markup. Scripts run in the order of the file.
  function make(snippet) {
    var part = d.createDocumentFragment();
    snippet.is.forEach(function (is) {
      var made = d.createElement(is.tag), name;
      for (name in is.set) {
        made.setAttribute(name, is.tag === 'script' && name === 'src' ? trusted(is.set.src) : is.set[name]);
      }
      if (is.tag === 'script') {
        made.async = 'async' in is.set;
        if (self && self.nonce) made.nonce = self.nonce;
      }
      part.appendChild(made);
    });
    return part;
  }

  function put(snippet) {
    var home = /^head/.test(snippet.at) ? d.head : d.body;
    if (home) home.insertBefore(make(snippet), /start$/.test(snippet.at) ? home.firstChild : null);
  }

  // A place in the body is there when the page has been read; a head's when our script runs.
  function place(snippet) {
    if (/^head/.test(snippet.at) || d.readyState !== 'loading') return put(snippet);
    d.addEventListener('DOMContentLoaded', function () { put(snippet); }, { once: true });
  }

  return function (own) {
    self = own;
    snippets.filter(wanted).forEach(place);
  };
})
