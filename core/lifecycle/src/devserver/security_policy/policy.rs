//! The text of one policy.

use std::fmt;

/// One policy: directives with their sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    directives: Vec<Directive>,
}

/// A directive. Only the first one of a name counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// In lower case.
    name: String,
    pub(super) sources: Vec<String>,
}

impl Policy {
    pub(super) fn parse(text: &str) -> Self {
        let directives = text.split(';').filter_map(|directive| {
            let mut words = directive.split_ascii_whitespace().map(str::to_owned);
            let name = words.next()?.to_ascii_lowercase();
            Some(Directive { name, sources: words.collect() })
        });
        Policy { directives: directives.collect() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.directives.iter().any(|directive| directive.name == name)
    }

    /// Whether all that no other directive allows is forbidden.
    pub(super) fn forbids_by_default(&self) -> bool {
        self.directives
            .iter()
            .find(|directive| directive.name == "default-src")
            .is_some_and(Directive::is_none)
    }

    /// The directive in force for what the first name says: a later one stands in for one that is missing.
    pub(super) fn in_force(&self, names: &[&str]) -> Option<&Directive> {
        names.iter().find_map(|name| self.directives.iter().find(|found| found.name == *name))
    }

    /// The directive, which is added with these sources if it is missing.
    pub(super) fn entry(&mut self, name: &str, sources: Vec<String>) -> &mut Directive {
        let place = self.directives.iter().position(|directive| directive.name == name);
        let place = place.unwrap_or_else(|| {
            self.directives.push(Directive { name: name.into(), sources });
            self.directives.len() - 1
        });
        &mut self.directives[place]
    }
}

impl Directive {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has this keyword, or another source of ASCII letters only.
    pub(super) fn has(&self, source: &str) -> bool {
        self.sources.iter().any(|found| found.eq_ignore_ascii_case(source))
    }

    /// Adds a source, if it is missing. `'none'` only counts where it is alone.
    pub(super) fn add(&mut self, source: String) {
        if self.is_none() {
            self.sources.clear();
        }
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    fn is_none(&self) -> bool {
        match &self.sources[..] {
            [] => true,
            [source] => source.eq_ignore_ascii_case("'none'"),
            _ => false,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, directive) in self.directives.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{}", directive.name)?;
            for source in &directive.sources {
                write!(f, " {source}")?;
            }
        }
        Ok(())
    }
}
