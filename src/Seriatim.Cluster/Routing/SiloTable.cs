using System.Runtime.InteropServices;

namespace Seriatim.Cluster;

/// <summary>
/// What a door knows of the silos. Kept by what they tell, with each answer and by themselves, and not by the membership alone:
/// where its store is gone, what is known holds.
/// </summary>
internal sealed class SiloTable(ClusterOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, KnownSilo> _silos = new(StringComparer.Ordinal);
    private readonly HashSet<(string Silo, string Model, string Own, string Other)> _different = [];
    private readonly Dictionary<string, PageIndex> _indices = new(StringComparer.Ordinal);
    private readonly List<KnownSilo> _able = [];
    private readonly List<Candidate> _candidates = [];

    /// <summary>Whose turn it was last; at first this door's own silo, so that doors that begin together begin apart.</summary>
    private string _last = "";

    /// <summary>Adds a silo, or finds it.</summary>
    public KnownSilo Add(string name, IReplica replica, bool isHere)
    {
        lock (_gate)
        {
            if (!_silos.TryGetValue(name, out KnownSilo? silo))
                _silos[name] = silo = new KnownSilo(name, replica, isHere);
            silo.IsMember = true;
            if (isHere && _last.Length == 0)
                _last = name;
            return silo;
        }
    }

    /// <summary>Forgets silos that the membership has no more.</summary>
    public void Keep(IReadOnlySet<string> members)
    {
        lock (_gate)
        {
            foreach (KnownSilo silo in _silos.Values.Where(silo => !silo.IsHere && !members.Contains(silo.Name)).ToArray())
            {
                silo.IsMember = false;
                foreach (KnownReplica replica in silo.Models.Values)
                    replica.Forget();
                _silos.Remove(silo.Name);
                _different.RemoveWhere(one => one.Silo == silo.Name);
            }
        }
    }

    /// <summary>The silos; their members change as they tell, so what is read of them is of one moment.</summary>
    public IReadOnlyList<T> Read<T>(Func<KnownSilo, T> read)
    {
        lock (_gate)
            return [.. _silos.Values.OrderBy(silo => silo.Name, StringComparer.Ordinal).Select(read)];
    }

    /// <summary>A silo has told how it is.</summary>
    public void Take(KnownSilo silo, SiloReport report)
    {
        lock (_gate)
        {
            // An answer that comes when the membership has it no more: its pages would stay for ever.
            if (!silo.IsMember)
                return;
            (silo.IsSilent, silo.IsDraining, silo.Version) = (false, report.IsDraining, report.Version);
            foreach (ModelReport model in report.Models)
                Of(silo, model.Name).Take(model);
            foreach (string gone in silo.Models.Keys.Except(report.Models.Select(model => model.Name)).ToArray())
            {
                silo.Models[gone].Forget();
                silo.Models.Remove(gone);
            }
        }
    }

    /// <summary>A silo has told how busy a model is.</summary>
    public void Take(KnownSilo silo, ModelReport? load)
    {
        if (load is null)
            return;
        lock (_gate)
            Of(silo, load.Name).Take(load);
    }

    /// <summary>A silo has said nothing where it had to.</summary>
    /// <returns>Whether it had said something before.</returns>
    public bool Silence(KnownSilo silo)
    {
        lock (_gate)
        {
            bool isNew = !silo.IsSilent;
            silo.IsSilent = true;
            return isNew;
        }
    }

    /// <summary>A silo takes nothing new: it is about to stop.</summary>
    public void Drain(KnownSilo silo)
    {
        lock (_gate)
            silo.IsDraining = true;
    }

    /// <summary>A request goes there.</summary>
    public void Send(KnownSilo silo, string model)
    {
        lock (_gate)
            Of(silo, model).Send();
    }

    /// <summary>Whether it is the first time that a silo was found to have another model under a name.</summary>
    public bool IsNewDifference(KnownSilo silo, string model, string own, string other)
    {
        lock (_gate)
            return _different.Add((silo.Name, model, own, other));
    }

    /// <summary>The silo to ask first of those that may run a request; null: there is none.</summary>
    /// <param name="model">Its model.</param>
    /// <param name="fingerprint">What the model gives equal answers by: silos known to have another are left out.</param>
    /// <param name="pages">Hashes of its prompt's pages.</param>
    /// <param name="isUrgent">Whether it is ahead of others.</param>
    /// <param name="except">Silos that have turned it down.</param>
    public KnownSilo? Best(string model, string fingerprint, IReadOnlyList<ulong> pages, bool isUrgent,
        IReadOnlySet<KnownSilo> except)
    {
        lock (_gate)
        {
            // A silo that is about to stop takes its own door's requests where nobody else does.
            Find(model, fingerprint, except, draining: false);
            if (_able.Count == 0)
                Find(model, fingerprint, except, draining: true);
            PageIndex index = IndexOf(model);
            index.Look(options.Routing == ClusterRouting.Prefix ? pages : []);
            _candidates.Clear();
            foreach (KnownSilo silo in _able)
            {
                KnownReplica known = Of(silo, model);
                _candidates.Add(new Candidate(silo.Name, known.Load, index.CachedOf(known), silo.IsHere));
            }

            ReadOnlySpan<Candidate> candidates = CollectionsMarshal.AsSpan(_candidates);
            int best = options.Routing == ClusterRouting.RoundRobin ? Router.Next(candidates, _last)
                : Router.Best(candidates, options.LoadFactor, isUrgent);
            if (best < 0)
                return null;
            _last = _able[best].Name;
            return _able[best];
        }
    }

    private void Find(string model, string fingerprint, IReadOnlySet<KnownSilo> except, bool draining)
    {
        _able.Clear();
        foreach (KnownSilo silo in _silos.Values)
        {
            if (silo.IsDraining == draining && CanRun(silo, model, fingerprint) && !except.Contains(silo))
                _able.Add(silo);
        }
    }

    /// <summary>
    /// A model that is not open elsewhere is not opened from here: that takes longer than a silo may say nothing.
    /// </summary>
    private static bool CanRun(KnownSilo silo, string model, string fingerprint)
    {
        if (silo.IsHere)
            return true;
        return silo is { IsMember: true, IsSilent: false, IsDraining: false }
            && silo.Models.TryGetValue(model, out KnownReplica? known)
            && known.Report.Fingerprint == fingerprint;
    }

    /// <summary>What there is of a model; new if nothing was known.</summary>
    private KnownReplica Of(KnownSilo silo, string model)
    {
        if (!silo.Models.TryGetValue(model, out KnownReplica? known))
            silo.Models[model] = known = new KnownReplica(IndexOf(model));
        return known;
    }

    private PageIndex IndexOf(string model)
    {
        if (!_indices.TryGetValue(model, out PageIndex? index))
            _indices[model] = index = new PageIndex();
        return index;
    }
}
