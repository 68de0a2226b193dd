using System.Globalization;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd;

/// <summary>Tells whether two runs of a process belong to the same run of the node.</summary>
internal static class Lineage
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// The same for both while the machine has not booted and <c>vipd run</c>, if there is one, has not been started
    /// anew: else the proxy was gone too, and nothing was forwarded.
    /// </summary>
    public static string OfThisProcess() => string.Create(
        CultureInfo.InvariantCulture,
        $"boot {File.ReadAllText(BootIdFile).Trim()} supervisor {ParentBond.Supervisor ?? "none"}");
}
