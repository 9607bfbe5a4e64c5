//! From text to a tree.

use serde_json::{Number, Value};

use super::functions::{FUNCTIONS, Function};

/// Deepest nesting.
const DEEPEST: u32 = 24;

/// A piece of a mapping's value.
#[derive(Debug)]
pub enum Part {
    /// As it is.
    Text(String),
    /// The inside of `${...}`.
    Code(Node),
}

/// A node of an expression.
#[derive(Debug)]
pub enum Node {
    /// A literal.
    Literal(Value),
    /// `#root`
    Root,
    /// `#this`: the item of a projection or selection, else the root.
    This,
    /// A member of the root.
    Name(String),
    /// `a.b`, `a?.b`, `a['b']`, `a[0]`
    Member(Box<Node>, Box<Node>),
    /// `a.![b]`
    Project(Box<Node>, Box<Node>),
    /// `a.?[b]`
    Select(Box<Node>, Box<Node>),
    /// `#library.function(...)`
    Call(&'static Function, Vec<Node>),
    /// `{a, b}`
    List(Vec<Node>),
    /// `{a: b}`
    Map(Vec<(String, Node)>),
    /// `!a`
    Not(Box<Node>),
    /// `-a`
    Minus(Box<Node>),
    /// `a + b` and so on
    Binary(Operator, Box<Node>, Box<Node>),
    /// `a ? b : c`
    Choose(Box<Node>, Box<Node>, Box<Node>),
    /// `a ?: b`
    Elvis(Box<Node>, Box<Node>),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

use Operator::{
    And, AtLeast, AtMost, Divide, Equal, Greater, Less, Minus, Modulo, NotEqual, Or, Plus, Times,
};

/// By binding strength, weakest first; longer signs before their beginnings.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Or), ("or", Or)],
    &[("&&", And), ("and", And)],
    &[
        ("==", Equal),
        ("!=", NotEqual),
        ("<=", AtMost),
        (">=", AtLeast),
        ("<", Less),
        (">", Greater),
        ("eq", Equal),
        ("ne", NotEqual),
        ("lt", Less),
        ("le", AtMost),
        ("gt", Greater),
        ("ge", AtLeast),
    ],
    &[("+", Plus), ("-", Minus)],
    &[
        ("*", Times),
        ("/", Divide),
        ("%", Modulo),
        ("div", Divide),
        ("mod", Modulo),
    ],
];

/// Words of the language that PingOne has and this server has not.
const UNSERVED: &[&str] = &["matches", "instanceof", "between", "new"];

type Parsed<T> = Result<T, String>;

/// Splits a mapping's value into text and `${...}`. With `names`, a path must begin with one.
pub fn template(text: &str, names: Option<&[&str]>) -> Parsed<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let mut parser = Parser {
            rest: after,
            names,
            depth: 0,
        };
        parts.push(Part::Code(parser.expression()?));
        parser.space();
        rest = parser.rest.strip_prefix('}').ok_or_else(|| {
            let next: String = parser.rest.chars().take(20).collect();
            if next.is_empty() {
                "has a `${` without its `}`".to_owned()
            } else {
                format!("cannot be read from `{next}` on")
            }
        })?;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

struct Parser<'a, 'n> {
    rest: &'a str,
    names: Option<&'n [&'n str]>,
    depth: u32,
}

impl Parser<'_, '_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a sign, if it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes an operator: a word only where it ends.
    fn takes_operator(&mut self, sign: &str) -> bool {
        self.space();
        let is_word = sign.starts_with(|it: char| it.is_ascii_alphabetic());
        if !is_word {
            return self.takes(sign);
        }
        let found = self
            .word()
            .is_some_and(|word| word.eq_ignore_ascii_case(sign));
        if found {
            self.rest = self.rest.get(sign.len()..).unwrap_or_default();
        }
        found
    }

    /// The word that comes next.
    fn word(&self) -> Option<&str> {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        let word = self.rest.get(..end)?;
        let begins = word.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        begins.then_some(word)
    }

    fn takes_word(&mut self) -> Option<String> {
        self.space();
        let word = self.word()?.to_owned();
        self.rest = self.rest.get(word.len()..).unwrap_or_default();
        Some(word)
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) {
            return Ok(());
        }
        let next: String = self.rest.chars().take(20).collect();
        Err(format!("needs `{sign}` before `{next}`"))
    }

    fn expression(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("is nested too deeply".to_owned());
        }
        let condition = self.level(0)?;
        let node = if self.takes("?:") {
            Node::Elvis(Box::new(condition), Box::new(self.expression()?))
        } else if self.takes("?") {
            let yes = self.expression()?;
            self.expect(":")?;
            let no = self.expression()?;
            Node::Choose(Box::new(condition), Box::new(yes), Box::new(no))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn level(&mut self, strength: usize) -> Parsed<Node> {
        let Some(operators) = LEVELS.get(strength) else {
            return self.unary();
        };
        let mut left = self.level(strength + 1)?;
        let mut chained = 0;
        loop {
            let found = operators.iter().find(|(sign, _)| self.takes_operator(sign));
            let Some((_, operator)) = found else {
                self.space();
                if let Some(word) = self.word().filter(|word| UNSERVED.contains(word)) {
                    return Err(format!(
                        "uses `{word}`, which this server does not evaluate"
                    ));
                }
                return Ok(left);
            };
            chained += 1;
            if chained > 64 {
                return Err("is a chain of too many operators".to_owned());
            }
            let right = self.level(strength + 1)?;
            left = Node::Binary(*operator, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("is nested too deeply".to_owned());
        }
        self.space();
        let node = if self.takes("!") || self.takes_operator("not") {
            Node::Not(Box::new(self.unary()?))
        } else if self.takes("-") {
            Node::Minus(Box::new(self.unary()?))
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn postfix(&mut self) -> Parsed<Node> {
        let mut node = self.primary()?;
        let mut length = 0;
        loop {
            length += 1;
            if length > 64 {
                return Err("is a path of too many steps".to_owned());
            }
            node = if self.takes(".![") {
                let item = self.expression()?;
                self.expect("]")?;
                Node::Project(Box::new(node), Box::new(item))
            } else if self.takes(".?[") {
                let item = self.expression()?;
                self.expect("]")?;
                Node::Select(Box::new(node), Box::new(item))
            } else if self.takes("?.") || self.takes(".") {
                let name = self
                    .takes_word()
                    .ok_or("has a `.` without a name after it")?;
                if self.takes("(") {
                    return Err(format!(
                        "calls the method `{name}`; only functions of {} are \
                        evaluated",
                        libraries()
                    ));
                }
                let name = Node::Literal(Value::String(name));
                Node::Member(Box::new(node), Box::new(name))
            } else if self.takes("[") {
                let index = self.expression()?;
                self.expect("]")?;
                Node::Member(Box::new(node), Box::new(index))
            } else {
                return Ok(node);
            };
        }
    }

    fn primary(&mut self) -> Parsed<Node> {
        self.space();
        if self.takes("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.takes("{") {
            return self.braces();
        }
        if self.takes("#") {
            return self.hashed();
        }
        let first = self.rest.chars().next().ok_or("ends too early")?;
        if first == '\'' || first == '"' {
            return self
                .quoted(first)
                .map(|text| Node::Literal(Value::String(text)));
        }
        if first.is_ascii_digit() {
            return self.number();
        }
        let Some(word) = self.takes_word() else {
            let next: String = self.rest.chars().take(20).collect();
            return Err(format!("cannot be read from `{next}` on"));
        };
        match word.as_str() {
            "true" => return Ok(Node::Literal(Value::Bool(true))),
            "false" => return Ok(Node::Literal(Value::Bool(false))),
            "null" => return Ok(Node::Literal(Value::Null)),
            _ => {}
        }
        if UNSERVED.contains(&word.as_str()) || self.takes("(") {
            return Err(format!(
                "uses `{word}`, which this server does not evaluate"
            ));
        }
        match self.names {
            Some(names) if !names.contains(&word.as_str()) => Err(format!(
                "begins a path with `{word}`; it can begin with {}",
                names.join(", ")
            )),
            _ => Ok(Node::Name(word)),
        }
    }

    /// After `#`.
    fn hashed(&mut self) -> Parsed<Node> {
        let word = self.takes_word().ok_or("has a `#` without a name")?;
        match word.as_str() {
            "root" => return Ok(Node::Root),
            "this" => return Ok(Node::This),
            _ => {}
        }
        self.expect(".")?;
        let name = self.takes_word().ok_or("names no function")?;
        let found = FUNCTIONS
            .iter()
            .find(|function| function.library == word && function.name == name);
        let Some(function) = found else {
            return Err(format!(
                "calls #{word}.{name}, which this server does not evaluate; it knows {}",
                libraries()
            ));
        };
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.takes(")") {
            loop {
                arguments.push(self.expression()?);
                if self.takes(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        if arguments.len() != function.arguments {
            let wanted = function.arguments;
            return Err(format!(
                "calls #{word}.{name}, which takes {wanted} arguments, with another number"
            ));
        }
        Ok(Node::Call(function, arguments))
    }

    /// After `{`: a list, or a map.
    fn braces(&mut self) -> Parsed<Node> {
        if self.takes("}") {
            return Ok(Node::List(Vec::new()));
        }
        if self.takes(":") {
            self.expect("}")?;
            return Ok(Node::Map(Vec::new()));
        }
        if self.key_comes() {
            let mut entries = Vec::new();
            loop {
                let key = self.key()?;
                self.expect(":")?;
                entries.push((key, self.expression()?));
                if self.takes("}") {
                    return Ok(Node::Map(entries));
                }
                self.expect(",")?;
            }
        }
        let mut items = Vec::new();
        loop {
            items.push(self.expression()?);
            if self.takes("}") {
                return Ok(Node::List(items));
            }
            self.expect(",")?;
        }
    }

    /// Whether a key and its colon come next.
    fn key_comes(&self) -> bool {
        let mut ahead = Parser {
            rest: self.rest,
            names: None,
            depth: 0,
        };
        ahead.key().is_ok() && ahead.takes(":")
    }

    fn key(&mut self) -> Parsed<String> {
        self.space();
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => self
                .takes_word()
                .ok_or_else(|| "has a map without a key".to_owned()),
        }
    }

    /// A text in quotes; the quote itself is written twice.
    fn quoted(&mut self, quote: char) -> Parsed<String> {
        let mut out = String::new();
        let mut rest = self.rest.get(1..).unwrap_or_default();
        loop {
            let end = rest.find(quote).ok_or("has a text without its end")?;
            out.push_str(rest.get(..end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
            match rest.strip_prefix(quote) {
                Some(after) => {
                    out.push(quote);
                    rest = after;
                }
                None => break,
            }
        }
        self.rest = rest;
        Ok(out)
    }

    fn number(&mut self) -> Parsed<Node> {
        let is_part = |it: char| it.is_ascii_digit() || it == '.';
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        let text = self.rest.get(..end).unwrap_or_default();
        let number = match text.parse::<i64>() {
            Ok(whole) => Some(Number::from(whole)),
            Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
        };
        let number = number.ok_or_else(|| format!("has a number `{text}` that cannot be read"))?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        // Long numbers of Java.
        self.rest = self.rest.strip_prefix(['l', 'L']).unwrap_or(self.rest);
        Ok(Node::Literal(Value::Number(number)))
    }
}

fn libraries() -> String {
    let names: Vec<String> = FUNCTIONS
        .iter()
        .map(|function| format!("#{}.{}", function.library, function.name))
        .collect();
    names.join(", ")
}
