namespace AnycastVip.Vipctl.Output;

/// <summary>One line that is written anew on a terminal; elsewhere a line for each change.</summary>
internal sealed class ProgressLine(TextWriter output, bool isScreen)
{
    private string _last = "";
    private bool _isOpen;

    /// <summary>Shows how far it is.</summary>
    /// <param name="line">What a line is written for when it changes.</param>
    /// <param name="left">What only a terminal shows: it changes with every second.</param>
    public void Show(string line, string left)
    {
        if (isScreen)
        {
            // Without automatic wrapping a line too long for the terminal is cut, and can be written over.
            output.Write($"\r\e[?7l{line}{left}\e[?7h\e[K");
            output.Flush();
            _isOpen = true;
        }
        else if (line != _last)
        {
            output.WriteLine(line);
        }
        _last = line;
    }

    /// <summary>Ends the line, so that what is written next has its own.</summary>
    public void End()
    {
        if (_isOpen)
            output.WriteLine();
        _isOpen = false;
    }
}
