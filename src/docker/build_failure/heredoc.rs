//! Where a Dockerfile has its first heredoc: older engines take what stands in one for instructions,
//! and complain about that. Pure.

/// The number of the first line with `<<WORD` after `RUN`, `COPY` or `ADD`, counted from 1.
pub(in crate::docker) fn first_heredoc(dockerfile: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(dockerfile);
    let found = text.lines().position(|line| {
        let (instruction, rest) = line
            .trim_start()
            .split_once(char::is_whitespace)
            .unwrap_or_default();
        let takes_one = ["RUN", "COPY", "ADD"]
            .iter()
            .any(|name| instruction.eq_ignore_ascii_case(name));
        takes_one && rest.split("<<").skip(1).any(starts_a_word)
    });
    found.and_then(|index| u32::try_from(index + 1).ok())
}

/// `EOF`, `-EOF`, `"EOF"`, `'EOF'`.
fn starts_a_word(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::first_heredoc;

    #[test]
    fn finds_heredocs_and_no_shifts() {
        let check = |text: &str, line: Option<u32>| {
            assert_eq!(first_heredoc(text.as_bytes()), line, "{text}");
        };
        check("FROM a\nRUN <<EOF\necho hi\nEOF\n", Some(2));
        check("FROM a\n  copy <<-'END' /x\n", Some(2));
        check("FROM a\nRUN python3 <<\"PY\"\n", Some(2));
        check("FROM a\nRUN echo $((1 << 2)); cat <<< x\n", None);
        check("FROM a\n# RUN <<EOF\nLABEL a=\"<<EOF\"\n", None);
        check("", None);
    }
}
